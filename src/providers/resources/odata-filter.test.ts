import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFilter } from './odata-filter.ts';

test('comparisons joined by and and or are read with the usual precedence, brackets first', () => {
  const a = { kind: 'comparison', field: 'name', operator: 'eq', value: 'a' };
  const b = { kind: 'comparison', field: 'location', operator: 'ne', value: "it's" };
  assert.deepEqual(readFilter("name eq 'a'"), a);
  assert.deepEqual(readFilter("Name EQ 'a' and location ne 'it''s' or name eq 'a'"), {
    kind: 'or',
    nodes: [{ kind: 'and', nodes: [a, b] }, a],
  });
  assert.deepEqual(readFilter("(name eq 'a' or name eq 'a') and location ne 'it''s'"), {
    kind: 'and',
    nodes: [{ kind: 'or', nodes: [a, a] }, b],
  });
});

test('functions are read in both orders of their arguments', () => {
  const contains = { kind: 'comparison', field: 'name', operator: 'contains', value: 'x' };
  assert.deepEqual(readFilter("substringof('x', name)"), contains);
  assert.deepEqual(readFilter("contains(name,'x')"), contains);
  assert.deepEqual(readFilter("startswith(name, 'x')"), { ...contains, operator: 'startswith' });
});

for (const text of [
  '',
  'name',
  "name eq 'a",
  "name eq 'a' and",
  "name gt 'a'",
  "(name eq 'a'",
  "name eq 'a')",
  "eq 'a'",
  "name eq 'a'; drop",
  `${'('.repeat(100)}name eq 'a'${')'.repeat(100)}`,
  `name eq '${'a'.repeat(5000)}'`,
]) {
  test(`what is no filter is refused: ${text.slice(0, 40)}`, () => {
    assert.equal(readFilter(text), undefined);
  });
}
