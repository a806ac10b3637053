import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxJsonDepth, maxJsonLength, parseJson } from './parse-json.ts';

const legal = [
  '{}',
  '[]',
  ' [ 1 , -2.5e+3, 0, 1E2 ] ',
  '"a\\u0041\\n\\t\\"\\\\\\/\\b\\f\\r"',
  '"\\ud83d\\ude00 é 漢"',
  '{"a":{"b":[true,false,null]},"":0}',
  '\r\n{"a"\t:\n1}\n',
];

for (const text of legal) {
  test(`${JSON.stringify(text)} is read as JSON.parse reads it`, () => {
    const parsed = parseJson(text);
    assert.ok(parsed.ok);
    assert.deepEqual(parsed.value, JSON.parse(text));
    assert.deepEqual(parsed.duplicates, []);
  });
}

const broken: readonly (readonly [string, string, string])[] = [
  ['', 'line 1, column 1', 'empty'],
  ['  \n ', 'line 2, column 2', 'empty'],
  ['{', 'line 1, column 2', 'field name'],
  ['{"a":1', 'line 1, column 7', 'ends in the middle'],
  ['{"a":1,}', 'line 1, column 8', 'field name'],
  ["{'a':1}", 'line 1, column 2', 'double quotes'],
  ['{\n  "a": 1\n  "b": 2\n}', 'line 3, column 3', "','"],
  ['[1 2]', 'line 1, column 4', "','"],
  ['{"a" 1}', 'line 1, column 6', "':'"],
  ['{"a": undefined}', 'line 1, column 7', 'expected a value'],
  ['[01]', 'line 1, column 3', "','"],
  ['[1e999]', 'line 1, column 7', 'too large'],
  ['[-]', 'line 1, column 2', 'number'],
  ['"abc', 'line 1, column 5', 'not closed'],
  ['"a\nb"', 'line 1, column 3', 'line break'],
  ['"C:\\x"', 'line 1, column 4', 'backslash'],
  ['"\\u12g4"', 'line 1, column 2', 'escape'],
  ['{} {}', 'line 1, column 4', 'nothing may follow'],
  ['/* open', 'line 1, column 1', 'expected a value'],
  ['\ufeff{]', 'line 1, column 2', 'field name'],
  ['param location string', 'line 1, column 1', 'expected a value'],
];

for (const [text, where, why] of broken) {
  test(`${JSON.stringify(text)} is refused at ${where}`, () => {
    const parsed = parseJson(text);
    assert.ok(!parsed.ok);
    assert.equal(parsed.issue.code, 'BadJson');
    assert.ok(parsed.issue.message.includes(where), parsed.issue.message);
    assert.ok(parsed.issue.message.includes(why), parsed.issue.message);
  });
}

test('a broken value is named by its path', () => {
  const parsed = parseJson('{"properties":{"customize":[{"type":"Shell"},{"type":oops}]}}');
  assert.ok(!parsed.ok);
  assert.equal(parsed.issue.path, '$.properties.customize[1].type');
});

test('a byte order mark and comments are skipped', () => {
  const parsed = parseJson('\ufeff// first\n{ /* a */ "a": 1, // b\n "b": "// no comment" }');
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.value, { a: 1, b: '// no comment' });
});

test('a repeated key is an issue with its path and place, and the last value stays', () => {
  const parsed = parseJson('{"a":{"b":1,\n "b":2}}');
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.value, { a: { b: 2 } });
  assert.deepEqual(
    parsed.duplicates.map(({ path, code }) => ({ path, code })),
    [{ path: '$.a.b', code: 'DuplicateField' }],
  );
  assert.match(parsed.duplicates[0]?.message ?? '', /line 2, column 2/);
});

test('a field named __proto__ stays a field and changes no prototype', () => {
  const parsed = parseJson('{"__proto__":{"polluted":true}}');
  assert.ok(parsed.ok);
  const value = parsed.value;
  assert.ok(typeof value === 'object' && value !== null);
  assert.deepEqual(Object.keys(value), ['__proto__']);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.ok(!('polluted' in {}));
});

const hostile: readonly (readonly [string, string, string])[] = [
  ['nesting without end', '['.repeat(1_000_000), 'deeper'],
  ['a file over the limit', ' '.repeat(maxJsonLength + 1), 'larger than 4 MiB'],
  ['a million comments', '/**/'.repeat(1_000_000), 'empty'],
  [
    'an object of 20000 fields',
    `{${Array.from({ length: 20_000 }, (_, index) => `"${index}":0`).join()}}`,
    'more than',
  ],
];

for (const [what, text, why] of hostile) {
  test(`${what} is refused`, () => {
    const parsed = parseJson(text);
    assert.ok(!parsed.ok);
    assert.ok(parsed.issue.message.includes(why), parsed.issue.message);
  });
}

test('nesting up to the limit is read', () => {
  assert.ok(parseJson('['.repeat(maxJsonDepth) + ']'.repeat(maxJsonDepth)).ok);
});
