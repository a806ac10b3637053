/** `Microsoft.VirtualMachineImages`: the fifteen operations of the image builder, and the jobs behind them. */
import { apiVersions } from '../../arm/api-versions/supported.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { Job, JobWorker } from '../../store/store.ts';
import type { ResourceProvider } from '../resource-provider.ts';
import type { ImageBuilderDependencies } from './dependencies.ts';
import { operations } from './operations-list.ts';
import { deleteQueue, submitQueue } from './queues.ts';
import { runOutputsType } from './run-outputs.ts';
import { SubmissionError } from './submit/submission-error.ts';
import { failSubmission, submitTemplate } from './submit/submit-template.ts';
import { namespace } from './template-record.ts';
import { deleteTemplate, failDeletion, removeTemplate } from './templates/delete-template.ts';
import { patchTemplate } from './templates/patch-template.ts';
import { putTemplate } from './templates/put-template.ts';
import { getTemplate, listTemplates } from './templates/read-template.ts';
import { cancelTemplate, runTemplate } from './templates/run-actions.ts';
import { triggersType } from './triggers/triggers-type.ts';

const submitRetries = 4;
const deleteRetries = 3;
const heartbeatSeconds = 30;
const stopWithinMs = 5_000;

/** Starts the jobs; they stop with the provider. */
export async function createImageBuilderProvider(
  dependencies: ImageBuilderDependencies,
): Promise<ResourceProvider> {
  const { store } = dependencies;
  const workers: JobWorker[] = [
    await store.work(submitQueue, { concurrency: 4, heartbeatSeconds, retries: submitRetries }, (job) =>
      handleSubmit(dependencies, job),
    ),
    await store.work(deleteQueue, { concurrency: 4, heartbeatSeconds, retries: deleteRetries }, (job) =>
      handleDelete(dependencies, job),
    ),
  ];
  return {
    ...imageBuilderTypes(dependencies),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(workers.map(async (worker) => worker.stop(stopWithinMs)));
    },
  };
}

/** What the namespace answers, without the jobs that bring its operations to an end. */
export function imageBuilderTypes(dependencies: ImageBuilderDependencies): ResourceProvider {
  return {
    namespace,
    registeredByDefault: true,
    unwrappedErrors: ['2020-02-14'],
    operations,
    types: [
      {
        type: 'imageTemplates',
        apiVersions: apiVersions.toReversed(),
        location: 'regional',
        get: getTemplate(dependencies),
        put: putTemplate(dependencies),
        patch: patchTemplate(dependencies),
        delete: deleteTemplate(dependencies),
        list: listTemplates(dependencies, 'group'),
        listInSubscription: listTemplates(dependencies, 'subscription'),
        actions: { run: runTemplate(dependencies), cancel: cancelTemplate(dependencies) },
      },
      runOutputsType(dependencies),
      triggersType(dependencies),
    ],
  };
}

/** The last attempt tells the template what went wrong, so that none stays `Creating`. */
async function handleSubmit(dependencies: ImageBuilderDependencies, job: Job): Promise<void> {
  const submission = readJob(job.data);
  try {
    await submitTemplate(dependencies, submission, job.signal);
  } catch (error) {
    if (job.signal.aborted || job.attempt <= submitRetries) throw error;
    const message =
      'Internal error occurred. This is a generic error. To identify possible causes, go to https://aka.ms/azvmimagebuilderts.';
    await failSubmission(
      dependencies,
      submission,
      new SubmissionError('ServerError', message, { cause: error }),
    );
    throw error;
  }
}

/** The last attempt gives the template back, so that none stays `Deleting`. */
async function handleDelete(dependencies: ImageBuilderDependencies, job: Job): Promise<void> {
  const deletion = readJob(job.data);
  try {
    await removeTemplate(dependencies, deletion, job.signal);
  } catch (error) {
    if (!job.signal.aborted && job.attempt > deleteRetries) await failDeletion(dependencies, deletion);
    throw error;
  }
}

function readJob(data: JsonObject): { readonly templateId: string; readonly operationId: string } {
  const { templateId, operationId } = isJsonObject(data) ? data : {};
  if (typeof templateId !== 'string' || typeof operationId !== 'string') {
    throw new TypeError(`A job of the image builder does not say what to do: ${JSON.stringify(data)}`);
  }
  return { templateId, operationId };
}
