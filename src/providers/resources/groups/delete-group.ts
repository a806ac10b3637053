/**
 * Deleting a resource group deletes what is in it, each resource by its own provider and with the rights of the
 * caller. The work goes in short slices through the job queue: nothing waits in a slot for another deletion (a
 * template in the group may delete its staging group), and any process can go on after a crash.
 */
import type { Principal } from '../../../identity/principal.ts';
import type { OperationError, ResourceRecord } from '../../../store/records.ts';
import type { Job, JobWorker, Store } from '../../../store/store.ts';
import { acceptedHeaders, endOperation, startOperation } from '../../arm/long-running.ts';
import type { ArmReply, ArmRequest, Dispatch } from '../../resource-provider.ts';
import { emptyGroup, type Leftover } from './empty-group.ts';
import { readDeletionJob, type DeletionJob } from './deletion-job.ts';
import { groupState } from './group-record.ts';

export interface GroupDeletionDeps {
  readonly store: Store;
  readonly dispatch: Dispatch;
  readonly now: () => Date;
  /** How long one slice waits for deletions that others carry out; default 5 seconds. */
  readonly sliceMs?: number;
}

export interface GroupDeletion {
  /** Answers 202; the group is `Deleting` from now on. */
  readonly request: (request: ArmRequest, group: ResourceRecord) => Promise<ArmReply>;
  /** Carries out deletions, those of before a restart included, until it is stopped. */
  readonly start: () => Promise<JobWorker>;
}

const queue = 'resource-group-deletion';
const kind = 'resourceGroups/delete';
const defaultSliceMs = 5_000;
const pollSeconds = 1;
const retries = 8;
/** A resource whose deletion fails is asked again this often before the group is given back. */
const mostPasses = 3;

export function createGroupDeletion(deps: GroupDeletionDeps): GroupDeletion {
  return {
    request: async (request, group) => requestDeletion(deps, request, group),
    start: async () =>
      deps.store.work(queue, { concurrency: 4, heartbeatSeconds: 30, retries }, async (job) =>
        handle(deps, job),
      ),
  };
}

async function requestDeletion(
  { store, now }: GroupDeletionDeps,
  request: ArmRequest,
  group: ResourceRecord,
): Promise<ArmReply> {
  const operation = await store.transaction(async (repositories) => {
    const current = await repositories.resources.get(group.id);
    const pending = await repositories.operations.pendingOf(group.id);
    const earlier = pending.find((candidate) => candidate.kind === kind);
    if (current === undefined || (groupState(current) === 'Deleting' && earlier !== undefined))
      return earlier;
    const { etag: _, ...kept } = current;
    await repositories.resources.replace({
      ...kept,
      body: { ...kept.body, properties: { provisioningState: 'Deleting' } },
    });
    const started = await startOperation(repositories, request, {
      ...{
        namespace: 'Microsoft.Resources',
        location: current.location,
        resourceId: current.id,
        kind,
        now: now(),
      },
    });
    const { objectId, tenantId, name, type } = request.principal;
    const principal = { objectId, tenantId, name, type } satisfies Principal;
    const { correlationId } = request;
    await repositories.jobs.send(queue, {
      ...{ groupId: current.id, operationId: started.id, principal, correlationId, passes: 0, remaining: 0 },
    });
    return started;
  });
  if (operation === undefined) return { status: 204 };
  const options = { style: 'location', retryAfterSeconds: pollSeconds } as const;
  return { status: 202, headers: acceptedHeaders(request, operation, options) };
}

async function handle(deps: GroupDeletionDeps, job: Job): Promise<void> {
  const deletion = readDeletionJob(job.data);
  if (deletion === undefined) return;
  const operation = await deps.store.operations.get(deletion.operationId);
  if (operation?.status !== 'InProgress') return;
  try {
    await slice(deps, deletion, job.signal);
  } catch (error) {
    // The last attempt ends the operation, so that nobody waits for ever; the earlier ones are repeated.
    if (job.signal.aborted || job.attempt <= retries) throw error;
    await giveBack(deps, deletion, [
      { id: deletion.groupId, code: 'InternalServerError', message: 'An internal error occurred.' },
    ]);
  }
}

async function slice(deps: GroupDeletionDeps, deletion: DeletionJob, signal: AbortSignal): Promise<void> {
  const { store, dispatch, now } = deps;
  const result = await emptyGroup(
    { store, dispatch, waitMs: deps.sliceMs ?? defaultSliceMs },
    deletion,
    signal,
  );
  if (result.remaining === 0) {
    const gone = await store.transaction(async (repositories) => {
      const { items } = await repositories.resources.list({ under: deletion.groupId }, { limit: 1000 });
      if (items.some((item) => !item.type.toLowerCase().startsWith('microsoft.authorization/'))) return false;
      // Rights and locks on the group go with it.
      for (const item of items) await repositories.resources.remove(item.id);
      if (items.length === 1000) return false;
      await repositories.resources.remove(deletion.groupId);
      await endOperation(repositories, deletion.operationId, { status: 'Succeeded' }, now());
      return true;
    });
    if (gone) return;
  }
  const stuck = !result.waiting && result.remaining >= deletion.remaining && deletion.passes > 0;
  const passes = stuck || deletion.passes === 0 ? deletion.passes + 1 : 1;
  if (passes > mostPasses) {
    await giveBack(deps, deletion, result.leftovers);
    return;
  }
  const { groupId, operationId, correlationId, principal } = deletion;
  await store.jobs.send(
    queue,
    { groupId, operationId, correlationId, principal: { ...principal }, passes, remaining: result.remaining },
    stuck ? { startAfterSeconds: passes } : {},
  );
}

/** The group stays, with what could not be deleted; the operation says what that was, and why. */
async function giveBack(
  { store, now }: GroupDeletionDeps,
  { groupId, operationId }: DeletionJob,
  leftovers: readonly Leftover[],
): Promise<void> {
  const name = groupId.split('/').at(-1) ?? '';
  const error: OperationError = {
    code: 'ResourceGroupDeletionBlocked',
    message: `Deletion of resource group '${name}' failed as resources with identifiers '${leftovers
      .map(({ id }) => id.slice(groupId.length + 1).replace(/^providers\//i, ''))
      .join(
        ',',
      )}' could not be deleted. The provisioning state of the resource group will be rolled back. The tracking Id is '${operationId}'. Please check audit logs for more details.`,
    details: leftovers.map(({ id, code, message }) => ({ code, message, target: id })),
  };
  await store.transaction(async ({ resources, operations }) => {
    const group = await resources.get(groupId);
    if (group !== undefined) {
      const { etag: _, ...kept } = group;
      await resources.replace({
        ...kept,
        body: { ...kept.body, properties: { provisioningState: 'Succeeded' } },
      });
    }
    await endOperation({ operations }, operationId, { status: 'Failed', error }, now());
  });
}
