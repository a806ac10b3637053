/** Waiting for what only asking again can tell. */
import { setInterval } from 'node:timers/promises';

const pauseMs = 200;
const boundMs = 120_000;

/**
 * The first answer that `accepts` takes.
 * @throws after two minutes, with the last answer.
 */
export async function until<T>(ask: () => Promise<T>, accepts: (answer: T) => boolean): Promise<T> {
  let last = await ask();
  if (accepts(last)) return last;
  const signal = AbortSignal.timeout(boundMs);
  try {
    for await (const _ of setInterval(pauseMs, undefined, { signal })) {
      last = await ask();
      if (accepts(last)) return last;
    }
  } catch (cause) {
    if (!signal.aborted) throw cause;
  }
  throw new Error(`Not what was waited for after ${boundMs} ms: ${JSON.stringify(last)}`);
}
