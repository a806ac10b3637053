/** What `qemu-img map` tells about a disk, read line by line: a fragmented disk has millions of lines. */
import { z } from 'zod';
import { asBuildUser, type BuildUser } from '../host/build-user.ts';
import { runCommand } from '../host/command.ts';
import { GoldsmithError } from '../model/errors.ts';

const entrySchema = z.object({
  start: z.int().nonnegative(),
  length: z.int().nonnegative(),
  depth: z.int().nonnegative(),
  data: z.boolean(),
  zero: z.boolean(),
  offset: z.int().nonnegative().optional(),
});

/** A run of bytes that is alike: `[start, start + length)` of the disk. */
export interface MapEntry {
  readonly start: number;
  readonly length: number;
  /** Which file of a chain tells about it; 0 is the top one. */
  readonly depth: number;
  readonly data: boolean;
  /** Reads as zeros, whatever `data` says. */
  readonly zero: boolean;
  /** Where the bytes are in that file; undefined when they are not there as they are (compressed). */
  readonly offset?: number | undefined;
}

/** Enough of standard error for a message; standard output is not kept. */
const MAX_KEPT_BYTES = 64 * 1024;

/**
 * Hands every entry of the map of the image `name` (a `json:` name) to `onEntry`, in ascending order.
 * @throws what `onEntry` threw; GoldsmithError `CommandFailed` when the image cannot be read, a machine is
 * writing to it or the map is not whole; `Cancelled`.
 */
export async function readExtentMap(
  name: string,
  options: { readonly signal: AbortSignal; readonly user?: BuildUser },
  onEntry: (entry: MapEntry) => void,
): Promise<void> {
  const plain = ['qemu-img', 'map', '--output=json', name];
  const state: { pending: string; ended: boolean; failure?: unknown } = { pending: '', ended: false };
  const onLine = (line: string): void => {
    const text = line.replace(/^\[/, '').replace(/[,\]]$/, '');
    if (line.endsWith(']')) state.ended = true;
    if (text !== '') onEntry(parseEntry(text));
  };
  await runCommand(options.user === undefined ? plain : asBuildUser(options.user, plain), {
    signal: options.signal,
    maxOutputBytes: MAX_KEPT_BYTES,
    onOutput: (stream, chunk) => {
      if (stream === 'err' || state.failure !== undefined) return;
      const lines = (state.pending + chunk.toString('latin1')).split('\n');
      state.pending = lines.pop() ?? '';
      try {
        lines.forEach(onLine);
      } catch (error) {
        state.failure = error; // thrown from an event it would end the process
      }
    },
  });
  if (state.failure !== undefined) throw state.failure;
  if (!state.ended) throw unreadable();
}

function parseEntry(text: string): MapEntry {
  try {
    return entrySchema.parse(JSON.parse(text));
  } catch (cause) {
    throw unreadable(cause);
  }
}

function unreadable(cause?: unknown): GoldsmithError {
  return new GoldsmithError('CommandFailed', 'The extent map of a disk could not be read', { cause });
}
