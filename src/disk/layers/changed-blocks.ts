/** Which blocks of a disk have to be copied when more layers came to lie above those that were copied already. */
import { BLOCK_BYTES } from '../digest-tree.ts';
import { planBlocks, type PlannedBlock } from './block-plan.ts';
import type { ChainExtent } from './chain-extents.ts';

/**
 * The blocks of the chain with the extents `after` that are not put together from the very same bytes of the same
 * files as in the chain with the extents `before`, and those that were not copied; ascending. A block that held data
 * before and holds none now has no extents. Layers have the same numbers in both chains.
 * @param isCopied Whether a block that held data before was copied.
 */
export function changedBlocks(
  before: readonly ChainExtent[],
  after: readonly ChainExtent[],
  isCopied: (block: number) => boolean,
): readonly PlannedBlock[] {
  const changed: PlannedBlock[] = [];
  const old = planBlocks(before);
  let next = 0;
  const addVanished = (below: number): void => {
    for (;;) {
      const block = old[next]?.block ?? Infinity;
      if (block >= below) return;
      changed.push({ block, first: 0, end: 0 });
      next += 1;
    }
  };
  for (const planned of planBlocks(after)) {
    addVanished(planned.block);
    const was = old[next];
    if (was === undefined || was.block !== planned.block) {
      changed.push(planned);
      continue;
    }
    next += 1;
    if (!isCopied(planned.block) || !isSame(before, was, after, planned)) changed.push(planned);
  }
  addVanished(Infinity);
  return changed;
}

function isSame(
  before: readonly ChainExtent[],
  was: PlannedBlock,
  after: readonly ChainExtent[],
  is: PlannedBlock,
): boolean {
  const count = is.end - is.first;
  if (count !== was.end - was.first) return false;
  for (let index = 0; index < count; index += 1) {
    const [old, now] = [before[was.first + index], after[is.first + index]];
    if (old === undefined || now === undefined || !isSamePart(old, now, is.block)) return false;
  }
  return true;
}

/** Whether two extents put the same bytes of the same file at the same place of the block. */
function isSamePart(old: ChainExtent, now: ChainExtent, block: number): boolean {
  const [start, end] = [block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES];
  return (
    old.layer === now.layer &&
    old.offset - old.start === now.offset - now.start &&
    Math.max(old.start, start) === Math.max(now.start, start) &&
    Math.min(old.start + old.length, end) === Math.min(now.start + now.length, end)
  );
}
