/** Asks for a run of a template that is ready. */
import { isGoldsmithError } from '../../../model/errors.ts';
import { ArmError } from '../../../arm/arm-error.ts';
import type { RunAnswer } from '../../../runs/run-service.ts';
import type { ResourceRecord } from '../../../store/records.ts';
import type { ImageBuilderDependencies } from '../dependencies.ts';
import { checkRights, requireIdentity } from '../submit/check-rights.ts';
import { refusedBySubmission, SubmissionError } from '../submit/submission-error.ts';
import { submissionOf, templateIn } from '../template-record.ts';

/**
 * The identity of the template must still have the rights that the run needs: it may have lost them since.
 * @throws ArmError 400 `ValidationFailed` for missing rights, 409 `InsufficientResources` when no build host could
 *   ever run it.
 */
export async function requestRun(
  dependencies: Pick<ImageBuilderDependencies, 'runs' | 'access'>,
  record: ResourceRecord,
): Promise<RunAnswer> {
  const template = templateIn(record);
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
    });
  } catch (error) {
    if (error instanceof SubmissionError) throw refusedBySubmission(error);
    if (!isGoldsmithError(error, 'InsufficientResources')) throw error;
    throw new ArmError(409, 'InsufficientResources', error.message);
  }
}
