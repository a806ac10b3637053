/** Many blocks of a disk in flight at once, in bounded memory. */
import { BLOCK_BYTES } from './digest-tree.ts';

/** Reads, hashes and writes run on Node's four pool threads; a few more blocks in flight keep them busy. */
const BLOCKS_IN_FLIGHT = 6;

export interface BlockWorkOptions {
  /** Blocks worked on at the same time. Default: as many as keep this process busy. */
  readonly inFlight?: number;
  /** When it fires, no other item is begun, and that is not a failure. */
  readonly enough?: AbortSignal;
}

/**
 * Works through `items` with a few workers, each with a block buffer of its own that `work` gets. The first
 * failure ends all; the promise settles when the last worker has let go of its block.
 */
export async function forEachBlock<T>(
  items: readonly T[],
  work: (item: T, buffer: Buffer<ArrayBuffer>) => Promise<void>,
  options: BlockWorkOptions = {},
): Promise<void> {
  const { inFlight = BLOCKS_IN_FLIGHT, enough } = options;
  const state = { next: 0, failed: false };
  const worker = async (): Promise<void> => {
    const buffer = Buffer.alloc(BLOCK_BYTES);
    while (!state.failed) {
      const item = items[state.next];
      if (item === undefined || enough?.aborted === true) return;
      state.next += 1;
      await work(item, buffer);
    }
  };
  const workers = Array.from({ length: Math.min(inFlight, items.length) }, () =>
    worker().catch((error: unknown) => {
      state.failed = true;
      throw error;
    }),
  );
  // All of them must have let go of the files before the caller closes them.
  const results = await Promise.allSettled(workers);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
