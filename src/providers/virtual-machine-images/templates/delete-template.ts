/** DELETE of an image template: 202 and a job; refused while it is being made or runs (reference 2.1). */
import { checkEtag, preconditionFailed } from '../../arm/etag.ts';
import { acceptedHeaders, endOperation, startOperation } from '../../arm/long-running.ts';
import { removeBelow } from '../../arm/remove-below.ts';
import { concurrentChange } from '../../arm/resource-errors.ts';
import type { ArmHandler, ArmRequest } from '../../resource-provider.ts';
import type { OperationRecord, ResourceRecord } from '../../../store/records.ts';
import type { ImageBuilderDependencies } from '../dependencies.ts';
import { deleteQueue } from '../queues.ts';
import { removeStaging } from '../staging/staging-group.ts';
import { isActive, operationNotAllowed, requireState } from '../state-rules.ts';
import { changed, namespace, provisioningStateOf, submissionOf } from '../template-record.ts';
import { untilNotRunning } from './until-not-running.ts';

const kind = 'imageTemplates/delete';

/** Deleting what is being deleted follows the deletion that is going on. */
export function deleteTemplate(dependencies: ImageBuilderDependencies): ArmHandler {
  return async (request) => {
    const { store, runs } = dependencies;
    const record = await store.resources.get(request.target.id);
    if (record === undefined) return { status: 204 };
    const ifMatch = checkEtag(request.headers, record);
    requireState(record, 'delete');
    const status = await runs.lastStatus(record.id);
    if (isActive(status?.runState)) throw operationNotAllowed(record, 'delete', status?.runState);
    const operation =
      (await pendingDeletion(dependencies, record)) ?? (await start(dependencies, request, record, ifMatch));
    return { status: 202, headers: acceptedHeaders(request, operation, { retryAfterSeconds: 1 }) };
  };
}

export interface DeleteJob {
  readonly templateId: string;
  readonly operationId: string;
}

/** Removes everything that a template brought with it, then the template. Doing it again does no harm. */
export async function removeTemplate(
  dependencies: ImageBuilderDependencies,
  { templateId, operationId }: DeleteJob,
  signal: AbortSignal,
): Promise<void> {
  const { store, now } = dependencies;
  const record = await store.resources.get(templateId);
  if (record !== undefined) {
    await untilNotRunning(dependencies, record.id, signal);
    const { staging } = submissionOf(record);
    if (staging !== undefined) await removeStaging(dependencies, record, staging, signal);
  }
  await store.transaction(async (repositories) => {
    await removeBelow(repositories, templateId);
    await repositories.runs.removeOf(templateId);
    await repositories.resources.remove(templateId);
    await endOperation(repositories, operationId, { status: 'Succeeded' }, now());
  });
}

/** Gives a template back that cannot be removed: it is `Failed`, says why, and can be deleted again. */
export async function failDeletion(
  { store, now }: Pick<ImageBuilderDependencies, 'store' | 'now'>,
  { templateId, operationId }: DeleteJob,
): Promise<void> {
  const message = 'The staging resources of the image template could not be removed. Please delete it again.';
  await store.transaction(async (repositories) => {
    const record = await repositories.resources.get(templateId);
    if (record !== undefined && provisioningStateOf(record) === 'Deleting') {
      const provisioningError = { provisioningErrorCode: 'ServerError', message };
      const reported = { provisioningState: 'Failed', provisioningError };
      await repositories.resources.replace(changed(record, { reported }), record.etag);
    }
    const error = { code: 'InternalOperationError', message };
    await endOperation(repositories, operationId, { status: 'Failed', error }, now());
  });
}

async function pendingDeletion(
  { store }: Pick<ImageBuilderDependencies, 'store'>,
  record: ResourceRecord,
): Promise<OperationRecord | undefined> {
  if (provisioningStateOf(record) !== 'Deleting') return undefined;
  const pending = await store.operations.pendingOf(record.id);
  return pending.find((operation) => operation.kind === kind);
}

async function start(
  { store, now }: Pick<ImageBuilderDependencies, 'store' | 'now'>,
  request: ArmRequest,
  record: ResourceRecord,
  ifMatch: string | undefined,
): Promise<OperationRecord> {
  return store.transaction(async (repositories) => {
    const deleting = changed(record, { reported: { provisioningState: 'Deleting' } });
    const written = await repositories.resources.replace(deleting, ifMatch ?? record.etag);
    if (written === undefined) {
      throw ifMatch === undefined ? concurrentChange(request.target) : preconditionFailed();
    }
    const place = { namespace, location: record.location, resourceId: record.id, kind, now: now() };
    const operation = await startOperation(repositories, request, place);
    const job = { templateId: record.id, operationId: operation.id };
    await repositories.jobs.send(deleteQueue, job, { singletonKey: operation.id });
    return operation;
  });
}
