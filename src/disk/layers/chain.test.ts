import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chainFileName, chainNode } from './chain.ts';

test('a chain is nested from the top down, and all but the top is read-only', () => {
  const layers = [
    { path: '/i/base.raw', format: 'raw' },
    { path: '/r/a.qcow2', format: 'qcow2' },
    { path: '/r/b.qcow2', format: 'qcow2' },
  ] as const;
  const node = chainNode(layers, {
    node: { 'node-name': 'os', discard: 'unmap' },
    file: { discard: 'unmap' },
  });
  assert.deepEqual(node, {
    driver: 'qcow2',
    'node-name': 'os',
    discard: 'unmap',
    file: { driver: 'file', filename: '/r/b.qcow2', discard: 'unmap' },
    backing: {
      driver: 'qcow2',
      'read-only': true,
      file: { driver: 'file', filename: '/r/a.qcow2', 'read-only': true },
      backing: {
        driver: 'raw',
        'read-only': true,
        file: { driver: 'file', filename: '/i/base.raw', 'read-only': true },
      },
    },
  });
});

test('the lowest qcow2 says that nothing is below it, whatever its header says', () => {
  assert.equal(
    chainFileName([{ path: '/x.qcow2', format: 'qcow2' }]),
    'json:{"driver":"qcow2","file":{"driver":"file","filename":"/x.qcow2"},"backing":null}',
  );
});

test('chains that cannot be are refused', () => {
  assert.throws(() => chainNode([]), /empty/);
  const raw = { path: '/x', format: 'raw' } as const;
  assert.throws(() => chainNode([raw, raw]), /lowest/);
});
