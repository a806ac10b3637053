/**
 * What happens to a template after it was accepted: checks that take time, the staging group, the copies of its
 * artifacts; then it is `Succeeded` or `Failed`. A durable job, so every part may happen again after a restart.
 */
import { ArmError } from '../../../arm/arm-error.ts';
import type { ImageTemplate } from '../../../model/image-template.ts';
import type { OperationError, ResourceRecord } from '../../../store/records.ts';
import { endOperation } from '../../arm/long-running.ts';
import type { ImageBuilderDependencies } from '../dependencies.ts';
import { makeStaging, planStaging, type StagingOwner } from '../staging/staging-group.ts';
import {
  changed,
  provisioningStateOf,
  submissionOf,
  templateIn,
  type Submission,
  type TemplateChange,
} from '../template-record.ts';
import { requestRun } from '../templates/request-run.ts';
import { checkImages } from './check-images.ts';
import { checkRights } from './check-rights.ts';
import { principalIn } from './identities.ts';
import { stageArtifacts } from './stage-artifacts.ts';
import { SubmissionError } from './submission-error.ts';

export interface SubmitJob {
  readonly templateId: string;
  readonly operationId: string;
}

/** Brings the submission to its end. @throws anything that another attempt may do better. */
export async function submitTemplate(
  dependencies: ImageBuilderDependencies,
  { templateId, operationId }: SubmitJob,
  signal: AbortSignal,
): Promise<void> {
  const record = await dependencies.store.resources.get(templateId);
  if (record === undefined || provisioningStateOf(record) !== 'Creating') {
    // An earlier attempt got this far, or the template was removed by force.
    await endSubmission(dependencies, operationId, record);
    if (record !== undefined && provisioningStateOf(record) === 'Succeeded') {
      await runAtCreation(dependencies, record);
    }
    return;
  }
  const template = templateIn(record);
  try {
    const { ready, groupId } = await prepare(dependencies, record, template, signal);
    await finish(dependencies, ready, operationId, {
      reported: { provisioningState: 'Succeeded', exactStagingResourceGroup: groupId },
    });
    await runAtCreation(dependencies, ready);
  } catch (error) {
    if (!(error instanceof SubmissionError)) throw error;
    await failSubmission(dependencies, { templateId, operationId }, error);
  }
}

/** Ends a submission for good. */
export async function failSubmission(
  dependencies: Pick<ImageBuilderDependencies, 'store' | 'now'>,
  { templateId, operationId }: SubmitJob,
  error: SubmissionError,
): Promise<void> {
  const record = await dependencies.store.resources.get(templateId);
  if (record === undefined || provisioningStateOf(record) !== 'Creating') return;
  const provisioningError = { provisioningErrorCode: error.code, message: error.message };
  const reported = { provisioningState: 'Failed', provisioningError };
  await finish(dependencies, record, operationId, { reported }, operationError(error));
}

/** `autoRun` (reference 2.10): once, when the template is new. A template that cannot run is no reason to submit again. */
async function runAtCreation(
  dependencies: Pick<ImageBuilderDependencies, 'runs' | 'access'>,
  record: ResourceRecord,
): Promise<void> {
  if (!templateIn(record).autoRun) return;
  if ((await dependencies.runs.lastStatus(record.id)) !== undefined) return;
  try {
    await requestRun(dependencies, record);
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
  }
}

async function prepare(
  dependencies: ImageBuilderDependencies,
  record: ResourceRecord,
  template: ImageTemplate,
  signal: AbortSignal,
): Promise<{ readonly ready: ResourceRecord; readonly groupId: string }> {
  await checkRights(dependencies, template, record.body);
  await checkImages(dependencies, template, record.subscriptionId, signal);
  const owner: StagingOwner = { record, template, principalId: principalIn(record.body) };
  const before = submissionOf(record);
  const staging = before.staging ?? (await planStaging(dependencies, owner));
  // Kept before anything is made: deleting the template finds it, and so does the next attempt.
  const planned = await keep(dependencies, record, { staging, artifacts: before.artifacts });
  const groupId = await makeStaging(dependencies, owner, staging, signal);
  const artifacts = await stageArtifacts(dependencies, owner, staging, signal);
  return { ready: await keep(dependencies, planned, { staging, artifacts }), groupId };
}

async function keep(
  { store }: Pick<ImageBuilderDependencies, 'store'>,
  record: ResourceRecord,
  submission: Submission,
): Promise<ResourceRecord> {
  const kept = await store.resources.replace(changed(record, { submission }), record.etag);
  if (kept === undefined) throw new Error(`${record.id} was changed while it was being submitted`);
  return kept;
}

async function finish(
  { store, now }: Pick<ImageBuilderDependencies, 'store' | 'now'>,
  record: ResourceRecord,
  operationId: string,
  change: TemplateChange,
  error?: OperationError,
): Promise<void> {
  await store.transaction(async (repositories) => {
    const written = await repositories.resources.replace(changed(record, change), record.etag);
    if (written === undefined) throw new Error(`${record.id} was changed while it was being submitted`);
    const outcome =
      error === undefined ? ({ status: 'Succeeded' } as const) : ({ status: 'Failed', error } as const);
    await endOperation(repositories, operationId, outcome, now());
  });
}

async function endSubmission(
  { store, now }: Pick<ImageBuilderDependencies, 'store' | 'now'>,
  operationId: string,
  record: ResourceRecord | undefined,
): Promise<void> {
  const isReady = record !== undefined && provisioningStateOf(record) !== 'Failed';
  const error = { code: 'ResourceNotFound', message: 'The image template is not there any more.' };
  await endOperation(
    store,
    operationId,
    isReady ? { status: 'Succeeded' } : { status: 'Failed', error },
    now(),
  );
}

function operationError({ code, message, details }: SubmissionError): OperationError {
  const isOurs = code === 'ServerError';
  return {
    code: isOurs ? 'InternalOperationError' : 'ValidationFailed',
    message: isOurs ? message : `Validation failed: ${message}`,
    ...(details.length === 0 ? {} : { details }),
  };
}
