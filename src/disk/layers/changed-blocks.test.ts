import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KIB, MIB } from '../../model/sizes.ts';
import type { ChainExtent } from './chain-extents.ts';
import { changedBlocks } from './changed-blocks.ts';

function extent(start: number, length: number, layer = 0, offset = start): ChainExtent {
  return { start, length, layer, offset };
}

function numbers(
  before: readonly ChainExtent[],
  after: readonly ChainExtent[],
  isCopied: (block: number) => boolean = () => true,
): readonly number[] {
  return changedBlocks(before, after, isCopied).map(({ block }) => block);
}

test('a chain that became no other has no changed blocks', () => {
  const extents = [
    extent(0, 3 * MIB),
    extent(5 * MIB + 512, KIB),
    extent(5 * MIB + 8 * KIB, KIB, 1, 77 * KIB),
  ];
  assert.deepEqual(numbers([], []), []);
  assert.deepEqual(numbers(extents, extents), []);
});

test('blocks beside a change are the same, however far their extents go', () => {
  const before = [extent(0, 10 * MIB)];
  const top = extent(4 * MIB + 64 * KIB, 4 * KIB, 1, 0);
  const rest = extent(top.start + top.length, 10 * MIB - top.start - top.length);
  assert.deepEqual(numbers(before, [extent(0, top.start), top, rest]), [4]);
});

test('a block is changed when its bytes come from another file or place, or when there are more or fewer', () => {
  const before = [extent(2 * MIB, 64 * KIB, 1, MIB)];
  for (const after of [
    [extent(2 * MIB, 64 * KIB, 2, MIB)],
    [extent(2 * MIB, 64 * KIB, 1, 2 * MIB)],
    [extent(2 * MIB, 60 * KIB, 1, MIB)],
    [extent(2 * MIB + 4 * KIB, 60 * KIB, 1, MIB + 4 * KIB)],
    [extent(2 * MIB, 4 * KIB, 1, MIB), extent(2 * MIB + 8 * KIB, 56 * KIB, 1, MIB + 8 * KIB)],
    [extent(2 * MIB, 64 * KIB, 1, MIB), extent(2 * MIB + 512 * KIB, 4 * KIB, 2, 0)],
  ]) {
    assert.deepEqual(numbers(before, after), [2]);
  }
});

test('blocks that vanish have no extents, and new ones have those of the new chain', () => {
  const before = [extent(MIB, MIB), extent(3 * MIB, MIB), extent(9 * MIB, MIB)];
  const after = [extent(2 * MIB, 512, 1, 0), extent(3 * MIB, MIB), extent(6 * MIB, 512, 1, 512)];
  assert.deepEqual(
    changedBlocks(before, after, () => true),
    [
      { block: 1, first: 0, end: 0 },
      { block: 2, first: 0, end: 1 },
      { block: 6, first: 2, end: 3 },
      { block: 9, first: 0, end: 0 },
    ],
  );
});

test('what was not copied is still to be copied', () => {
  const extents = [extent(0, 5 * MIB)];
  assert.deepEqual(
    numbers(extents, extents, (block) => block < 3),
    [3, 4],
  );
});
