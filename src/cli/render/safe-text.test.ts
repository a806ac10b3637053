import assert from 'node:assert/strict';
import { test } from 'node:test';
import { safeJson, safeLine, safeLines } from './safe-text.ts';

test('colours and cursor movements of a guest disappear', () => {
  assert.equal(safeLine('\u001B[32mok\u001B[0m \u001B[2J\u001B[10;1Hdone'), 'ok done');
});

test('a window title, a hyperlink and a clipboard write disappear with their payload', () => {
  assert.equal(safeLine('a\u001B]0;owned\u0007b\u001B]8;;http://x\u001B\\c\u001B]52;c;aGk=\u0007d'), 'abcd');
});

test('no escape, control or reordering character survives, whatever the bytes', () => {
  const everything = Array.from({ length: 0x2100 }, (_, code) => String.fromCharCode(code)).join('');
  for (const text of [
    everything,
    everything.split('').toReversed().join(''),
    '\u001B',
    '\u009B',
    'x\u001B]0;no end',
  ]) {
    assert.doesNotMatch(safeLine(text), /[\p{Cc}\u200B-\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/u);
  }
});

test('a progress bar that redraws itself shows its last state', () => {
  assert.equal(safeLine('10%\r50%\r100%\r'), '100%');
});

test('a line without an end is cut', () => {
  assert.ok(safeLine('x'.repeat(10_000_000)).length < 5000);
});

test('a text is split at line ends and a last line end adds no empty line', () => {
  assert.deepEqual(safeLines('a\nb\n'), ['a', 'b']);
});

test('JSON keeps its value and shows no control character', () => {
  const value = { text: 'a\u001B[31m\u009B1m\u007F\u202Eb\nc' };
  const json = safeJson(value);
  assert.deepEqual(JSON.parse(json), value);
  assert.doesNotMatch(json.replaceAll('\n', ''), /[\p{Cc}\u202E]/u);
});
