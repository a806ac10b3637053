import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileNameFor } from './output-file.ts';

test('a run output name stays what it is', () => {
  assert.equal(fileNameFor('golden_web-1.2'), 'golden_web-1.2');
});

test('no name leaves the folder, hides or looks like an option', () => {
  for (const name of ['..', '../../x', '/etc/passwd', 'a\0b', '-rf', '', '.x', 'é'.repeat(4000)]) {
    const file = fileNameFor(name);
    assert.match(file, /^[A-Za-z0-9_][A-Za-z0-9._-]*$/, name);
    assert.ok(file.length <= 200);
  }
});

test('names that had to be changed stay different', () => {
  assert.notEqual(fileNameFor('a/b'), fileNameFor('a:b'));
  assert.notEqual(fileNameFor('a/b'), fileNameFor('a_b'));
});
