/** Writing blocks into a file that is all hole, so that zeros stay holes. */
import type { FileHandle } from 'node:fs/promises';
import { GoldsmithError } from '../model/errors.ts';
import { KIB } from '../model/sizes.ts';
import { isZero } from './digest-tree.ts';

/** The block size of most file systems: smaller runs of zeros would not save anything. */
const GRANULE_BYTES = 4 * KIB;

/** What the kernel says when there is no room: file system full, quota used up, file too large for it. */
const noRoomCodes: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/**
 * Writes what is not zero of `bytes` (at most a block of the disk) at `position`, a multiple of 4 KiB.
 * @throws GoldsmithError `InsufficientResources` when there is no room.
 */
export async function writeNonZero(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let start = 0;
  while (start < bytes.length) {
    let end = start;
    while (end < bytes.length && !isZeroGranule(bytes, end)) end += GRANULE_BYTES;
    if (end > start) await writeAll(file, bytes.subarray(start, end), position + start);
    start = end + GRANULE_BYTES; // the granule at `end` is zero, or there is none
  }
}

/**
 * Turns the kernel's word that there is no room into a GoldsmithError; other errors stay as they are.
 */
export function explainWriteError(cause: unknown): unknown {
  if (!(cause instanceof Error && 'code' in cause && noRoomCodes.includes(cause.code))) return cause;
  return new GoldsmithError('InsufficientResources', 'There is no room left for the disk', {
    cause,
    hint: 'Free some space or put GOLDSMITH_HOME on a larger file system.',
  });
}

function isZeroGranule(bytes: Buffer, start: number): boolean {
  return isZero(bytes, start, Math.min(start + GRANULE_BYTES, bytes.length));
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  try {
    let written = 0;
    while (written < bytes.length) {
      const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
      written += bytesWritten;
    }
  } catch (cause) {
    throw explainWriteError(cause);
  }
}
