/** Why a run was stopped from outside its steps: the user, or its time. */
import { GoldsmithError } from '../model/errors.ts';
import { formatDuration } from '../model/sizes.ts';

export interface RunLimits extends Disposable {
  /** Fires on cancellation and when the time is over; the reason is a GoldsmithError. */
  readonly signal: AbortSignal;
}

/** Joins the caller's signal with `buildTimeoutInMinutes`. */
export function limitRun(cancel: AbortSignal, timeoutMs: number): RunLimits {
  const stop = new AbortController();
  const cancelled = (): void =>
    stop.abort(new GoldsmithError('Cancelled', 'The build was cancelled', { cause: cancel.reason }));
  const timer = setTimeout(() => {
    stop.abort(
      new GoldsmithError('BuildTimeout', `The build did not finish within ${formatDuration(timeoutMs)}`, {
        hint: 'Raise buildTimeoutInMinutes in the template, or find the slow step in the log.',
      }),
    );
  }, timeoutMs);
  if (cancel.aborted) cancelled();
  else cancel.addEventListener('abort', cancelled, { once: true });
  return {
    signal: stop.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      cancel.removeEventListener('abort', cancelled);
    },
  };
}

/** What ended a run: the reason of its limits when they fired, otherwise the step's own error. */
export function reasonOf(error: unknown, signal: AbortSignal): GoldsmithError {
  const reason: unknown = signal.aborted ? signal.reason : error;
  if (reason instanceof GoldsmithError) return reason;
  const text = reason instanceof Error ? reason.message : String(reason);
  return new GoldsmithError('Internal', `Something unexpected went wrong: ${text}`, {
    cause: reason,
    hint: 'Run again with GOLDSMITH_DEBUG=1 to see where.',
  });
}
