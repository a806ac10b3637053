/** Blocks of a chain's disk go into a raw file and its digest; each byte is read once. */
import type { FileHandle } from 'node:fs/promises';
import { forEachBlock, type BlockWorkOptions } from '../block-workers.ts';
import { BLOCK_BYTES, type DigestTree } from '../digest-tree.ts';
import { throwIfCancelled } from '../publish-file.ts';
import { writeNonZero } from '../sparse-write.ts';
import type { PlannedBlock } from './block-plan.ts';
import type { ChainExtent } from './chain-extents.ts';
import type { LayerFiles } from './layer-files.ts';

export interface BlockSource {
  readonly files: LayerFiles;
  /** Of the whole chain; the blocks point into it. */
  readonly extents: readonly ChainExtent[];
  readonly sizeBytes: number;
}

export interface BlockTarget {
  /** All hole where the blocks are, and `sizeBytes` long. */
  readonly file: FileHandle;
  readonly tree: DigestTree;
}

export interface CopyOptions extends BlockWorkOptions {
  readonly signal: AbortSignal;
  /** Bytes of data done so far and in all; holes are not counted. */
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
  /** Called when a block is in its place; the next one waits for it. */
  readonly onCopied?: (block: number) => Promise<void>;
}

/**
 * Copies `blocks`. Zeros stay holes.
 * @throws GoldsmithError `InsufficientResources` when there is no room, `Internal` when a layer has become shorter,
 * `Cancelled`.
 */
export async function copyBlocks(
  source: BlockSource,
  target: BlockTarget,
  blocks: readonly PlannedBlock[],
  options: CopyOptions,
): Promise<void> {
  const { signal, onProgress, onCopied } = options;
  let done = 0;
  const copyBlock = async (planned: PlannedBlock, buffer: Buffer<ArrayBuffer>): Promise<void> => {
    throwIfCancelled(signal);
    const start = planned.block * BLOCK_BYTES;
    const bytes = buffer.subarray(0, Math.min(BLOCK_BYTES, source.sizeBytes - start));
    await assemble(source, planned, bytes);
    if (target.tree.setBlock(planned.block, bytes)) await writeNonZero(target.file, bytes, start);
    done += 1;
    onProgress?.(done * BLOCK_BYTES, blocks.length * BLOCK_BYTES);
    await onCopied?.(planned.block);
  };
  await forEachBlock(blocks, copyBlock, options);
  throwIfCancelled(signal);
}

/** Puts a block together; what no extent covers is zeros. */
async function assemble(source: BlockSource, planned: PlannedBlock, bytes: Buffer): Promise<void> {
  const start = planned.block * BLOCK_BYTES;
  let filled = 0;
  for (let index = planned.first; index < planned.end; index += 1) {
    const extent = source.extents[index];
    if (extent === undefined) continue;
    if (extent.start - start > filled) bytes.fill(0, filled, extent.start - start);
    await source.files.readInto(bytes, start, extent);
    filled = extent.start - start + extent.length;
  }
  if (filled < bytes.length) bytes.fill(0, filled);
}
