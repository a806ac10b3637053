import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatJsonPath, printable, valueAt } from './json-path.ts';

test('paths are written with dots and indexes, odd names with quotes', () => {
  assert.equal(formatJsonPath([]), '$');
  assert.equal(formatJsonPath(['properties', 'customize', 0, 'type']), '$.properties.customize[0].type');
  assert.equal(formatJsonPath(['tags', 'a b/c']), "$.tags['a b/c']");
});

test('control and direction characters never reach a terminal', () => {
  assert.equal(printable('a\u001b[2J\u202eb\u0085', 80), 'a\\u001b[2J\\u202eb\\u0085');
  assert.equal(formatJsonPath(['\u001b[31m']), "$['\\u001b[31m']");
});

test('long texts are cut', () => {
  assert.equal(printable('x'.repeat(500), 10), `${'x'.repeat(10)}…`);
  assert.ok(formatJsonPath(['y'.repeat(5000)]).length < 100);
});

test('a value is found by its path, inherited names are not', () => {
  assert.equal(valueAt({ a: [{ b: 7 }] }, ['a', 0, 'b']), 7);
  assert.equal(valueAt({ a: 1 }, ['a', 'b', 'c']), undefined);
  assert.equal(valueAt({}, ['constructor', 'name']), undefined);
});
