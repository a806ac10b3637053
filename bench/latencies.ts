/** Times of many requests: how long the middle one and the slow ones take. */

export interface Latencies {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Of all senders together. */
  readonly perSecond: number;
}

/** Sends `count` requests from `senders` that each wait for their answer. */
export async function measureRequests(
  count: number,
  senders: number,
  send: (index: number) => Promise<void>,
): Promise<Latencies> {
  const times: number[] = [];
  let next = 0;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: senders }, async () => {
      for (let index = next++; index < count; index = next++) {
        const before = performance.now();
        await send(index);
        times.push(performance.now() - before);
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const sorted = times.toSorted((a, b) => a - b);
  return {
    count,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    maxMs: sorted.at(-1) ?? 0,
    perSecond: count / seconds,
  };
}

/** @param sorted ascending. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
