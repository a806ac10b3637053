import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergePatch } from './merge-patch.ts';

test('null takes away, objects merge, lists and values replace', () => {
  const base = { a: 1, b: { c: 1, d: [1, 2] }, e: 'x' };
  assert.deepEqual(mergePatch(base, { a: null, b: { d: [3], f: { g: 1 } } }), {
    b: { c: 1, d: [3], f: { g: 1 } },
    e: 'x',
  });
  assert.deepEqual(base, { a: 1, b: { c: 1, d: [1, 2] }, e: 'x' });
});

test('field names match without regard to case and keep their own', () => {
  assert.deepEqual(mergePatch({ osType: 'Linux' }, { OSTYPE: 'Windows' }), { osType: 'Windows' });
});

test('a hostile field name changes no prototype', () => {
  const patch: unknown = JSON.parse('{"__proto__": {"polluted": true}}');
  const merged = mergePatch({}, Object.assign(Object.create(null), { a: patch }));
  assert.equal(Reflect.get({}, 'polluted'), undefined);
  assert.equal(Reflect.get(merged, 'polluted'), undefined);
});
