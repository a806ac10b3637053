/** Leaves and root of the disk digest; {@link file://./disk-digest.ts} has the definition. */
import { createHash } from 'node:crypto';
import { MIB } from '../model/sizes.ts';

export const DISK_DIGEST_PREFIX = 'gs1-sha256:';

/** A disk is cut into blocks of this many bytes; the last may be shorter. */
export const BLOCK_BYTES = MIB;
const LEAF_BYTES = 32;

const zeroBlock = Buffer.alloc(BLOCK_BYTES);
const zeroLeaf = createHash('sha256').update(zeroBlock).digest();

export interface DigestTree {
  /**
   * Takes the bytes of a block, in any order of blocks; blocks never given are zeros, and of a block given twice
   * the later bytes count. It hashes in this thread, a millisecond or two: handing a block to another thread copies it to
   * fresh memory, which takes longer.
   * @returns whether the bytes are anything but zeros.
   */
  setBlock(block: number, bytes: Buffer): boolean;
  /** The digest of the disk, with its prefix. */
  digest(): string;
}

/** The digest tree of a disk of `sizeBytes` zeros. */
export function createDigestTree(sizeBytes: number): DigestTree {
  const zeroLeafOf = zeroLeaves(sizeBytes);
  const count = Math.ceil(sizeBytes / BLOCK_BYTES);
  const leaves = Buffer.alloc(count * LEAF_BYTES, zeroLeaf);
  const setLeaf = (block: number, leaf: Buffer): number => leaf.copy(leaves, block * LEAF_BYTES);
  if (count > 0) setLeaf(count - 1, zeroLeafOf(count - 1));
  return {
    setBlock(block, bytes) {
      // Comparing is many times cheaper than hashing, and disks hold many allocated blocks of zeros.
      const hasData = !isZero(bytes, 0, bytes.length);
      setLeaf(block, hasData ? createHash('sha256').update(bytes).digest() : zeroLeafOf(block));
      return hasData;
    },
    digest: () => DISK_DIGEST_PREFIX + createHash('sha256').update(leaves).digest('hex'),
  };
}

/** Whether the bytes from `start` to `end` (at most a block) are all zero. */
export function isZero(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== 0 && start < end) return false; // no call needed for most data
  return bytes.compare(zeroBlock, 0, end - start, start, end) === 0;
}

/** The leaves of blocks of zeros; only the last block of a disk can be shorter. */
function zeroLeaves(sizeBytes: number): (block: number) => Buffer {
  const rest = sizeBytes % BLOCK_BYTES;
  const shorter = Math.floor(sizeBytes / BLOCK_BYTES);
  const shortLeaf = createHash('sha256').update(zeroBlock.subarray(0, rest)).digest();
  return (block) => (block === shorter ? shortLeaf : zeroLeaf);
}
