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
import { createHash, webcrypto } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { GoldsmithError } from '../model/errors.ts';
import { MIB } from '../model/sizes.ts';
import { dataExtents, type Extent } from './extents.ts';
import { throwIfCancelled } from './publish-file.ts';

export const DISK_DIGEST_PREFIX = 'gs1-sha256:';

const BLOCK_BYTES = MIB;
const LEAF_BYTES = 32;
/** Reads and hashes run on Node's four pool threads; a few more blocks in flight keep them busy. */
const BLOCKS_IN_FLIGHT = 6;

const zeroBlock = Buffer.alloc(BLOCK_BYTES);
const zeroLeaf = createHash('sha256').update(zeroBlock).digest();

export interface DigestOptions {
  /** Bytes of the disk; what follows in the file (a VHD's footer) does not count. */
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
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
    const leaves = allZeroLeaves(sizeBytes);
    let done = 0;
    await inParallel(BLOCKS_IN_FLIGHT, blocks, async (block, buffer) => {
      throwIfCancelled(signal);
      const bytes = await readBlock(file, block, buffer, sizeBytes);
      (await leafOf(bytes)).copy(leaves, block * LEAF_BYTES);
      done += bytes.length;
      options.onProgress?.(done, blocks.length * BLOCK_BYTES);
    });
    throwIfCancelled(signal);
    return DISK_DIGEST_PREFIX + createHash('sha256').update(leaves).digest('hex');
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

/** The leaves of a disk of zeros. */
function allZeroLeaves(sizeBytes: number): Buffer {
  const count = Math.ceil(sizeBytes / BLOCK_BYTES);
  const leaves = Buffer.alloc(count * LEAF_BYTES);
  for (let block = 0; block < count; block += 1) zeroLeaf.copy(leaves, block * LEAF_BYTES);
  const rest = sizeBytes % BLOCK_BYTES;
  if (rest > 0) {
    createHash('sha256')
      .update(zeroBlock.subarray(0, rest))
      .digest()
      .copy(leaves, (count - 1) * LEAF_BYTES);
  }
  return leaves;
}

async function leafOf(bytes: Buffer<ArrayBuffer>): Promise<Buffer> {
  // Comparing is many times cheaper than hashing, and disks hold many allocated blocks of zeros.
  if (bytes.length === BLOCK_BYTES && bytes.equals(zeroBlock)) return zeroLeaf;
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes));
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

/** Works through `items` with `width` workers, each with its own block buffer; the first failure ends all. */
async function inParallel(
  width: number,
  items: readonly number[],
  work: (item: number, buffer: Buffer<ArrayBuffer>) => Promise<void>,
): Promise<void> {
  const state = { next: 0, failed: false };
  const worker = async (): Promise<void> => {
    const buffer = Buffer.alloc(BLOCK_BYTES);
    while (!state.failed) {
      const item = items[state.next];
      if (item === undefined) return;
      state.next += 1;
      await work(item, buffer);
    }
  };
  const workers = Array.from({ length: Math.min(width, items.length) }, () =>
    worker().catch((error: unknown) => {
      state.failed = true;
      throw error;
    }),
  );
  // All of them must have let go of the file before the caller closes it.
  const results = await Promise.allSettled(workers);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
