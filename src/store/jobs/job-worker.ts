/** Takes jobs of one queue and gives them to a handler. */
import type { JobWithMetadata, PgBoss } from 'pg-boss';
import { isJsonObject } from '../../model/json.ts';
import type { JobHandler, JobWorker, WorkOptions } from '../store.ts';

/** A new job wakes its worker at once; delayed and retried ones are found after at most this long. */
const LOOK_EVERY_SECONDS = 2;

export async function startWorker(
  boss: PgBoss,
  queue: string,
  options: WorkOptions,
  handler: JobHandler,
): Promise<JobWorker> {
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  const handle = async ([job]: readonly JobWithMetadata[]): Promise<void> => {
    if (job === undefined) return;
    const handled = handler({
      id: job.id,
      data: isJsonObject(job.data) ? job.data : {},
      attempt: job.retryCount + 1,
      signal: AbortSignal.any([job.signal, stopping.signal]),
    });
    running.add(handled);
    try {
      await handled;
    } finally {
      running.delete(handled);
    }
  };
  const id = await boss.work(
    queue,
    {
      localConcurrency: options.concurrency,
      batchSize: 1,
      includeMetadata: true,
      pollingIntervalSeconds: LOOK_EVERY_SECONDS,
      notifyPollingIntervalSeconds: LOOK_EVERY_SECONDS,
    },
    handle,
  );
  return {
    async stop(withinMs) {
      stopping.abort(new Error(`The worker of ${queue} is stopping`));
      const taken = boss.offWork(queue, { id, wait: true });
      await within(withinMs, Promise.allSettled([taken, ...running]));
    },
  };
}

/** Resolves when `work` does, or after `ms`. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
