import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MIB } from '../../model/sizes.ts';
import { planBlocks } from './block-plan.ts';

function plan(
  ...extents: readonly (readonly [start: number, length: number])[]
): readonly (readonly number[])[] {
  const chain = extents.map(([start, length]) => ({ start, length, layer: 0, offset: start }));
  return planBlocks(chain).map(({ block, first, end }) => [block, first, end]);
}

test('each block knows the extents that touch it, and blocks without any are left out', () => {
  assert.deepEqual(plan(), []);
  assert.deepEqual(plan([0, 1]), [[0, 0, 1]]);
  assert.deepEqual(plan([MIB - 1, 1]), [[0, 0, 1]]);
  assert.deepEqual(plan([MIB - 1, 2]), [
    [0, 0, 1],
    [1, 0, 1],
  ]);
  assert.deepEqual(plan([0, 512], [4096, 512], [MIB, MIB], [5 * MIB + 1, 2 * MIB], [7 * MIB + 512, 1]), [
    [0, 0, 2],
    [1, 2, 3],
    [5, 3, 4],
    [6, 3, 4],
    [7, 3, 5],
  ]);
});
