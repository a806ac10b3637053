import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_BYTES, createDigestTree } from './digest-tree.ts';

test('of a block that is given again the later bytes count, zeros too', async () => {
  const sizeBytes = 2 * BLOCK_BYTES + 700;
  for (const [block, length] of [
    [1, BLOCK_BYTES],
    [2, 700],
  ] as const) {
    const tree = createDigestTree(sizeBytes);
    const empty = tree.digest();
    assert.equal(tree.setBlock(block, Buffer.alloc(length, 'data')), true);
    const first = tree.digest();
    tree.setBlock(block, Buffer.alloc(length, 'other'));
    assert.equal(new Set([empty, first, tree.digest()]).size, 3);
    assert.equal(tree.setBlock(block, Buffer.alloc(length)), false);
    assert.equal(tree.digest(), empty);
  }
});
