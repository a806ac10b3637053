/** The front of the runs: writes wishes into the store. Workers see them there, in this process or another. */
import { randomUUID } from 'node:crypto';
import type { RunState } from '../model/run.ts';
import type { OperationRecord, ServiceRun } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { activeRunKey, CANCEL_KIND, canceledError, CANCELED_MESSAGE, endRun, RUN_KIND } from './end-run.ts';
import { encodeRunInput } from './run-input.ts';
import { needsOf } from './run-needs.ts';
import type { CancelAnswer, LastRunStatus, RunAnswer, RunRequest, RunService } from './run-service.ts';

/** Queue of the jobs that tell workers of a new run. */
export const RUN_QUEUE = 'runs';

/** For how long a run that nobody holds is held to be ended, milliseconds. */
const ENDING_LEASE_MS = 10_000;

export interface RunServiceOptions {
  readonly store: Store;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export function createRunService({ store, now }: RunServiceOptions): RunService {
  return {
    request: async (request) => requestRun(store, request, new Date(now())),
    cancel: async (templateId) => cancelRun(store, templateId, now),
    lastStatus: async (templateId) => statusOf(await store.runs.lastOf(templateId)),
    lastStatuses: async (templateIds) => {
      const entries = await Promise.all(
        templateIds.map(async (id) => [id, statusOf(await store.runs.lastOf(id))] as const),
      );
      return new Map(entries.flatMap(([id, status]) => (status === undefined ? [] : [[id, status]])));
    },
    isRunning: async (templateId) => isUnfinished(await store.runs.lastOf(templateId)),
  };
}

/** True for a run that has not ended. */
export function isUnfinished<T extends { readonly state: RunState }>(run: T | undefined): run is T {
  return run?.state === 'Running' || run?.state === 'Canceling';
}

async function requestRun(store: Store, request: RunRequest, now: Date): Promise<RunAnswer> {
  const { templateId, template } = request;
  return store.transaction(async ({ resources, operations, runs, settings, jobs }) => {
    if ((await resources.get(templateId)) === undefined) return { kind: 'refused', run: undefined };
    const operation = newOperation(request, RUN_KIND, now);
    const run: ServiceRun = {
      id: randomUUID(),
      templateId,
      operationId: operation.id,
      state: 'Running',
      subState: 'Queued',
      requestedAt: now.toISOString(),
      startedAt: undefined,
      endedAt: undefined,
      message: '',
      cancelRequested: false,
      epoch: 0,
      worker: undefined,
      leaseUntil: undefined,
      needs: needsOf(template),
      record: undefined,
      input: encodeRunInput(request),
    };
    const active = await settings.insertIfAbsent(activeRunKey(templateId), { runId: run.id });
    if (active['runId'] !== run.id) return { kind: 'refused', run: await runs.lastOf(templateId) };
    await operations.insert(operation);
    await runs.insert(run);
    await jobs.send(RUN_QUEUE, { runId: run.id }, { singletonKey: run.id });
    return { kind: 'accepted', run, operation };
  });
}

async function cancelRun(store: Store, templateId: string, now: () => number): Promise<CancelAnswer> {
  const answer = await store.transaction(async ({ runs, operations, jobs }): Promise<CancelAnswer> => {
    const last = await runs.lastOf(templateId);
    if (last === undefined || !isUnfinished(last) || last.cancelRequested) {
      return { kind: 'refused', run: last };
    }
    const run = await runs.requestCancel(last.id);
    if (run === undefined) return { kind: 'refused', run: await runs.get(last.id) };
    const started = await operations.get(run.operationId);
    const operation = newOperation(
      {
        templateId: run.templateId,
        subscriptionId: started?.subscriptionId ?? '',
        template: { location: started?.location ?? 'global' },
      },
      CANCEL_KIND,
      new Date(now()),
    );
    await operations.insert(operation);
    // a worker that was not told, because it lives elsewhere or died, learns of it from the queue
    await jobs.send(RUN_QUEUE, { runId: run.id }, { singletonKey: run.id });
    return { kind: 'accepted', run, operation };
  });
  if (answer.kind === 'accepted' && answer.run.subState === 'Queued') await endQueued(store, answer.run, now);
  return answer;
}

/** A run that nobody has begun needs nobody to end it. When a worker is faster, the worker ends it. */
async function endQueued(store: Store, run: ServiceRun, now: () => number): Promise<void> {
  const at = now();
  const claimed = await store.runs.claim(
    run.id,
    'cancellation',
    new Date(at).toISOString(),
    new Date(at + ENDING_LEASE_MS).toISOString(),
  );
  if (claimed === undefined) return;
  if (claimed.subState !== 'Queued') {
    await store.runs.release(claimed.id, claimed.epoch);
    return;
  }
  await endRun(
    store,
    claimed,
    { state: 'Canceled', message: CANCELED_MESSAGE, error: canceledError() },
    new Date(now()),
  );
}

function newOperation(
  of: {
    readonly templateId: string;
    readonly subscriptionId: string;
    readonly template: { readonly location: string };
  },
  kind: string,
  now: Date,
): OperationRecord {
  return {
    id: randomUUID(),
    subscriptionId: of.subscriptionId,
    namespace: 'Microsoft.VirtualMachineImages',
    location: of.template.location.replaceAll(' ', '').toLowerCase(),
    resourceId: of.templateId,
    kind,
    status: 'InProgress',
    startTime: now.toISOString(),
    endTime: undefined,
    percentComplete: undefined,
    error: undefined,
    result: undefined,
  };
}

function statusOf(run: ServiceRun | undefined): LastRunStatus | undefined {
  if (run === undefined) return undefined;
  return {
    startTime: run.requestedAt,
    ...(run.endedAt === undefined ? {} : { endTime: run.endedAt }),
    runState: run.state,
    runSubState: run.subState,
    message: run.message,
  };
}
