/** Runs that go on until the test ends them. */
import { randomUUID } from 'node:crypto';
import type { RunState } from '../../../model/run.ts';
import type { LastRunStatus, RunRequest, RunService } from '../../../runs/run-service.ts';
import type { OperationRecord, ServiceRun } from '../../../store/records.ts';
import type { Store } from '../../../store/store.ts';
import { endOperation, startOperation } from '../../arm/long-running.ts';
import { namespace } from '../template-record.ts';

const startTime = '2026-01-01T00:00:00.000Z';

interface GoingRun {
  readonly request: RunRequest;
  readonly run: ServiceRun;
  readonly operations: OperationRecord[];
  state: RunState;
}

export class FakeRuns implements RunService {
  readonly requests: RunRequest[] = [];
  readonly #store: Store;
  readonly #last = new Map<string, GoingRun>();

  constructor(store: Store) {
    this.#store = store;
  }

  readonly request: RunService['request'] = async (request) => {
    const going = this.#active(request.templateId);
    if (going !== undefined) return { kind: 'refused', run: { ...going.run, state: going.state } };
    this.requests.push(request);
    const operation = await this.#operation(request.templateId, request.subscriptionId, 'run');
    const run: ServiceRun = {
      ...{ id: randomUUID(), templateId: request.templateId, operationId: operation.id },
      ...{ state: 'Running', subState: 'Building', requestedAt: startTime, startedAt: startTime },
      ...{ endedAt: undefined, message: '', cancelRequested: false, epoch: 1, worker: undefined },
      ...{ leaseUntil: undefined, needs: { cpus: 1, memoryBytes: 1, diskBytes: 1 } },
      ...{ record: undefined, input: {} },
    };
    const entry = { request, run, operations: [operation], state: 'Running' as const };
    this.#last.set(request.templateId.toLowerCase(), entry);
    return { kind: 'accepted', run, operation };
  };

  readonly cancel: RunService['cancel'] = async (templateId) => {
    const last = this.#last.get(templateId.toLowerCase());
    if (last?.state !== 'Running') {
      return { kind: 'refused', run: last === undefined ? undefined : { ...last.run, state: last.state } };
    }
    last.state = 'Canceling';
    const operation = await this.#operation(templateId, last.request.subscriptionId, 'cancel');
    last.operations.push(operation);
    return { kind: 'accepted', run: last.run, operation };
  };

  readonly lastStatus: RunService['lastStatus'] = async (templateId) => {
    const last = this.#last.get(templateId.toLowerCase());
    if (last === undefined) return undefined;
    return { startTime, runState: last.state, runSubState: 'Building', message: '' };
  };

  readonly lastStatuses: RunService['lastStatuses'] = async (ids) => {
    const all = new Map<string, LastRunStatus>();
    for (const id of ids) {
      const status = await this.lastStatus(id);
      if (status !== undefined) all.set(id, status);
    }
    return all;
  };

  readonly isRunning: RunService['isRunning'] = async (templateId) => this.#active(templateId) !== undefined;

  async end(templateId: string, state: RunState): Promise<void> {
    const last = this.#last.get(templateId.toLowerCase());
    if (last === undefined) return;
    last.state = state;
    for (const { id } of last.operations) await endOperation(this.#store, id, { status: 'Succeeded' });
  }

  #active(templateId: string): GoingRun | undefined {
    const last = this.#last.get(templateId.toLowerCase());
    return last?.state === 'Running' || last?.state === 'Canceling' ? last : undefined;
  }

  async #operation(resourceId: string, subscriptionId: string, action: string): Promise<OperationRecord> {
    const target = {
      target: {
        ...{ id: resourceId, subscriptionId, resourceGroup: undefined, namespace },
        types: [],
        names: [],
        scope: undefined,
      },
    };
    return startOperation(this.#store, target, {
      ...{ namespace, location: 'westus2', resourceId, kind: `imageTemplates/${action}` },
    });
  }
}
