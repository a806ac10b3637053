/** Waiting for the run of a template to end, when the template is going away. */
import { once } from 'node:events';
import { CANCEL_BOUND_MS } from '../../../runs/run-service.ts';
import type { ImageBuilderDependencies } from '../dependencies.ts';

/** Notices of changes are best effort, so the run is looked at again after this long without one. */
const lookAgainMs = 5_000;

/** Several times what a cancelled run may take while a worker lives. */
const deadlineMs = 5 * CANCEL_BOUND_MS;

/**
 * Cancels a run that slipped in and waits for its end, which comes in bounded time while a worker lives.
 * @throws the signal's reason; a TimeoutError when no worker ends the run.
 */
export async function untilNotRunning(
  { store, runs }: Pick<ImageBuilderDependencies, 'store' | 'runs'>,
  templateId: string,
  signal: AbortSignal,
): Promise<void> {
  if (!(await runs.isRunning(templateId))) return;
  await runs.cancel(templateId);
  const notices = new EventTarget();
  const stop = store.subscribe('runs', () => notices.dispatchEvent(new Event('change')));
  const bound = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  try {
    for (;;) {
      bound.throwIfAborted();
      const wait = AbortSignal.any([bound, AbortSignal.timeout(lookAgainMs)]);
      const change = once(notices, 'change', { signal: wait }).catch(() => undefined);
      if (!(await runs.isRunning(templateId))) return;
      await change;
    }
  } finally {
    stop();
  }
}
