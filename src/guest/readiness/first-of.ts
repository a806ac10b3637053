/** Waiting for whichever of several events comes first. */

/** One way to learn something; must give up when its signal fires. */
export type Wait<T> = (signal: AbortSignal) => Promise<T>;

/**
 * Resolves with the first wait that succeeds and gives up the others. A wait that fails leaves the others
 * going; when all have failed, the first failure is thrown.
 */
export async function firstOf<T>(signal: AbortSignal, ...waits: readonly Wait<T>[]): Promise<T> {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  const running = waits.map(async (wait) => wait(either));
  try {
    return await Promise.any(running);
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    done.abort();
    await Promise.allSettled(running);
  }
}
