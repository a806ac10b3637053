import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GIB } from '../../model/sizes.ts';
import { Admission } from './admission.ts';

const host = { cpus: 4, memoryBytes: 8 * GIB, diskBytes: 100 * GIB };
const small = { cpus: 2, memoryBytes: 4 * GIB, diskBytes: 4 * GIB };

test('runs go on together as long as every resource suffices', () => {
  const admission = new Admission(() => host);
  assert.equal(admission.admit('a', small), true);
  assert.equal(admission.admit('b', small), true);
  assert.equal(admission.admit('c', small), false, 'no CPU is left');
  admission.release('a');
  assert.equal(admission.admit('c', { ...small, memoryBytes: 5 * GIB }), false, 'memory');
  assert.equal(admission.admit('c', { ...small, diskBytes: 97 * GIB }), false, 'disk');
  assert.equal(admission.admit('c', small), true);
  assert.equal(admission.running, 2);
});

test('a run larger than the host goes on alone', () => {
  const admission = new Admission(() => host);
  const large = { cpus: 64, memoryBytes: 256 * GIB, diskBytes: 500 * GIB };
  assert.equal(admission.admit('large', large), true);
  assert.equal(admission.admit('small', { cpus: 1, memoryBytes: GIB, diskBytes: GIB }), false);
});

test('the host is measured again when nothing runs', () => {
  let now = host;
  const admission = new Admission(() => now);
  admission.admit('a', small);
  now = { ...host, cpus: 2 };
  assert.equal(admission.admit('b', small), true, 'running machines lower what can be measured');
  admission.release('a');
  admission.release('b');
  assert.equal(admission.admit('c', small), true);
  assert.equal(admission.admit('d', small), false);
});
