/** Asks for a run of a template that is ready. */
import { isGoldsmithError } from '../../../model/errors.ts';
import { ArmError } from '../../../arm/arm-error.ts';
import { parseReuse, REUSE_HEADER, REUSE_WORDS } from '../../../runs/run-reuse.ts';
import type { RunAnswer } from '../../../runs/run-service.ts';
import type { ResourceRecord } from '../../../store/records.ts';
import type { ImageBuilderDependencies } from '../dependencies.ts';
import { checkRights, requireIdentity } from '../submit/check-rights.ts';
import { refusedBySubmission, SubmissionError } from '../submit/submission-error.ts';
import { submissionOf, templateIn } from '../template-record.ts';

/**
 * The identity of the template must still have the rights that the run needs: it may have lost them since.
 * @param wish what the caller's header says about results of earlier runs.
 * @throws ArmError 400 `ValidationFailed` for missing rights and `InvalidHeaderValue` for a wish that is none, 409 `InsufficientResources` when no build host could
 *   ever run it.
 */
export async function requestRun(
  dependencies: Pick<ImageBuilderDependencies, 'runs' | 'access'>,
  record: ResourceRecord,
  wish?: string,
): Promise<RunAnswer> {
  const template = templateIn(record);
  const maxStepAgeMs = wish === undefined ? undefined : parseReuse(wish);
  if (wish !== undefined && maxStepAgeMs === undefined) {
    throw new ArmError(400, 'InvalidHeaderValue', `The header ${REUSE_HEADER} can be ${REUSE_WORDS}.`);
  }
  requireIdentity(template);
  const { staging, artifacts } = submissionOf(record);
  if (staging === undefined) throw new Error(`${record.id} was never submitted to the end`);
  const { resourceGroup, storageAccount } = staging;
  try {
    await checkRights(dependencies, template, record.body);
    return await dependencies.runs.request({
      templateId: record.id,
      subscriptionId: record.subscriptionId,
      template,
      staging: { subscriptionId: record.subscriptionId, resourceGroup, storageAccount },
      artifacts,
      ...(maxStepAgeMs === undefined ? {} : { maxStepAgeMs }),
    });
  } catch (error) {
    if (error instanceof SubmissionError) throw refusedBySubmission(error);
    if (!isGoldsmithError(error, 'InsufficientResources')) throw error;
    throw new ArmError(409, 'InsufficientResources', error.message);
  }
}
