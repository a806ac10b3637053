/** Which extents each block of the disk is put together from. */
import { BLOCK_BYTES } from '../digest-tree.ts';
import type { ChainExtent } from './chain-extents.ts';

export interface PlannedBlock {
  readonly block: number;
  /** Extents `[first, end)` touch the block. */
  readonly first: number;
  readonly end: number;
}

/** The blocks that hold any data, ascending. `extents` ascend and do not overlap. */
export function planBlocks(extents: readonly ChainExtent[]): readonly PlannedBlock[] {
  const blocks: PlannedBlock[] = [];
  let first = 0;
  let block = 0;
  for (;;) {
    while (endOf(extents[first]) <= block * BLOCK_BYTES) first += 1;
    const start = extents[first]?.start;
    if (start === undefined) return blocks;
    block = Math.max(block, Math.floor(start / BLOCK_BYTES));
    let end = first + 1;
    while ((extents[end]?.start ?? Infinity) < (block + 1) * BLOCK_BYTES) end += 1;
    blocks.push({ block, first, end });
    block += 1;
  }
}

function endOf(extent: ChainExtent | undefined): number {
  return extent === undefined ? Infinity : extent.start + extent.length;
}
