/**
 * The digest that names the content of a disk, `gs1-sha256:<hex>`.
 *
 * Definition (also in docs/reference/disk-digest.md):
 *
 *  1. Take the first `sizeBytes` bytes of the disk and cut them into blocks of 1048576 bytes (1 MiB). The
 *     last block is shorter when the size is not a whole number of MiB; it is not padded.
 *  2. The leaf of a block is the SHA-256 of its bytes (32 bytes).
 *  3. The root is the SHA-256 of all leaves one after another, in disk order. An empty disk has no leaves.
 *  4. The digest is `gs1-sha256:` and the root as 64 lower-case hexadecimal digits.
 *
 * Holes are zeros, so the digest does not depend on how the file is allocated, and a reader may skip them:
 * every whole block of zeros has the same, known leaf. It is not the SHA-256 of the file.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { GoldsmithError } from '../model/errors.ts';
import { forEachBlock } from './block-workers.ts';
import { BLOCK_BYTES, createDigestTree } from './digest-tree.ts';
import { dataExtents, type Extent } from './extents.ts';
import { throwIfCancelled } from './publish-file.ts';

export interface DigestOptions {
  /** Bytes of the disk; what follows in the file (a VHD's footer) does not count. */
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
  /** See `BlockWorkOptions`. */
  readonly besideGuest?: boolean;
  /** Bytes of data looked at so far and in all; holes are not counted. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/**
 * The digest of the raw disk (or fixed VHD) at `path`.
 * @throws GoldsmithError `Internal` when the file is shorter than `sizeBytes`; `CommandFailed`, `Cancelled`.
 */
export async function digestDisk(path: string, options: DigestOptions): Promise<string> {
  const { sizeBytes, signal } = options;
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size < sizeBytes) {
      throw new GoldsmithError('Internal', `The disk is ${size} bytes long, shorter than ${sizeBytes}`);
    }
    const blocks = blocksWithData(size === 0 ? [] : await dataExtents(path, { signal }), sizeBytes);
    const tree = createDigestTree(sizeBytes);
    let done = 0;
    const work = async (block: number, buffer: Buffer<ArrayBuffer>): Promise<void> => {
      throwIfCancelled(signal);
      const bytes = await readBlock(file, block, buffer, sizeBytes);
      tree.setBlock(block, bytes);
      done += bytes.length;
      options.onProgress?.(done, blocks.length * BLOCK_BYTES);
    };
    await forEachBlock(blocks, work, options);
    throwIfCancelled(signal);
    return tree.digest();
  } finally {
    await file.close();
  }
}

/** Numbers of the blocks that any data extent touches, ascending. */
function blocksWithData(extents: readonly Extent[], sizeBytes: number): number[] {
  const blocks: number[] = [];
  let next = 0;
  for (const { start, length } of extents) {
    const end = Math.min(start + length, sizeBytes);
    for (let block = Math.max(next, Math.floor(start / BLOCK_BYTES)); block * BLOCK_BYTES < end; block += 1) {
      blocks.push(block);
      next = block + 1;
    }
  }
  return blocks;
}

async function readBlock(
  file: FileHandle,
  block: number,
  buffer: Buffer<ArrayBuffer>,
  sizeBytes: number,
): Promise<Buffer<ArrayBuffer>> {
  const start = block * BLOCK_BYTES;
  const length = Math.min(BLOCK_BYTES, sizeBytes - start);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, start + filled);
    if (bytesRead === 0) throw new GoldsmithError('Internal', 'The disk became shorter while it was read');
    filled += bytesRead;
  }
  return buffer.subarray(0, length);
}
