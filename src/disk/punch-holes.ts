/** Blocks of a raw file become holes again. */
import { open } from 'node:fs/promises';
import { isGoldsmithError } from '../model/errors.ts';
import { MIB } from '../model/sizes.ts';
import { runCommand } from '../host/command.ts';
import { forEachBlock } from './block-workers.ts';
import { BLOCK_BYTES, isZero } from './digest-tree.ts';
import { throwIfCancelled } from './publish-file.ts';
import { rawFileName } from './extents.ts';

/** QEMU refuses requests of 2 GiB and more. */
const MAX_BLOCKS_AT_ONCE = (1024 * MIB) / BLOCK_BYTES;
/** Enough for an error message. */
const MAX_KEPT_BYTES = 64 * 1024;

/**
 * Frees the space of whole blocks of a file that nobody else uses, which then read as zeros. One program does it for
 * all of them: Node.js cannot.
 * @param blocks Ascending; the file is long enough for the last one to be whole.
 * @returns whether they are holes now; false when the file system cannot do that, or the program failed.
 * @throws GoldsmithError `Cancelled`.
 */
export async function punchHoles(
  path: string,
  blocks: readonly number[],
  options: { readonly signal: AbortSignal },
): Promise<boolean> {
  if (blocks.length === 0) return true;
  const commands = runsOf(blocks).map(
    ({ block, count }) => `discard -q ${block * BLOCK_BYTES} ${count * BLOCK_BYTES}\n`,
  );
  // Without `unsafe` it would wait for the disk at the end.
  const argv = ['qemu-io', '--discard=unmap', '--cache=unsafe', rawFileName(path)];
  try {
    await runCommand(argv, {
      input: commands.join(''),
      signal: options.signal,
      maxOutputBytes: MAX_KEPT_BYTES,
    });
  } catch (error) {
    if (isGoldsmithError(error, 'CommandFailed')) return false;
    throw error;
  }
  return areZeros(path, blocks, options.signal);
}

/** A discard is only a wish: QEMU says nothing when the file system does not know it. */
async function areZeros(path: string, blocks: readonly number[], signal: AbortSignal): Promise<boolean> {
  const found = new AbortController(); // fires at the first byte that is still there
  await using file = await open(path, 'r');
  const look = async (block: number, buffer: Buffer): Promise<void> => {
    throwIfCancelled(signal);
    const { bytesRead } = await file.read(buffer, 0, BLOCK_BYTES, block * BLOCK_BYTES);
    if (bytesRead !== BLOCK_BYTES || !isZero(buffer, 0, BLOCK_BYTES)) found.abort();
  };
  await forEachBlock(blocks, look, { enough: found.signal });
  return !found.signal.aborted;
}

function runsOf(blocks: readonly number[]): readonly { readonly block: number; readonly count: number }[] {
  const runs: { block: number; count: number }[] = [];
  for (const block of blocks) {
    const last = runs.at(-1);
    if (last !== undefined && last.block + last.count === block && last.count < MAX_BLOCKS_AT_ONCE)
      last.count += 1;
    else runs.push({ block, count: 1 });
  }
  return runs;
}
