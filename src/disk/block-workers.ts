/** Many blocks of a disk in flight at once, in bounded memory. */
import { BLOCK_BYTES } from './digest-tree.ts';

/** Reads and writes run on Node's four pool threads; a few more blocks in flight keep them and this one busy. */
const BLOCKS_IN_FLIGHT = 6;

export interface BlockWorkOptions {
  /**
   * A guest wants the processors: all work of this process that is marked so takes turns, one block at a time, and keeps
   * one processor busy at most. Default: as many blocks at once as keep this process busy.
   */
  readonly besideGuest?: boolean;
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
  const { besideGuest = false, enough } = options;
  const inFlight = besideGuest ? 1 : BLOCKS_IN_FLIGHT;
  const state = { next: 0, failed: false };
  const worker = async (): Promise<void> => {
    const buffer = Buffer.alloc(BLOCK_BYTES);
    while (!state.failed) {
      const item = items[state.next];
      if (item === undefined || enough?.aborted === true) return;
      state.next += 1;
      if (besideGuest) await takeTurn(async () => work(item, buffer));
      else await work(item, buffer);
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

let turn: Promise<unknown> = Promise.resolve();

/** Runs `work` after all that was handed in before has settled. */
async function takeTurn(work: () => Promise<void>): Promise<void> {
  const mine = turn.then(work);
  turn = mine.catch(() => undefined);
  return mine;
}
