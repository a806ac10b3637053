import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { test } from 'node:test';
import type { OutputStream } from '../guest-shell.ts';
import { GuestLog, OutputBudget } from './guest-log.ts';
import { LineSplitter } from './line-splitter.ts';
import { safeText } from './safe-text.ts';

function linesOf(bytes: Buffer, chunkLength: () => number, maxLength?: number): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line), maxLength);
  for (let at = 0; at < bytes.length;) {
    const length = chunkLength();
    splitter.push(bytes.subarray(at, at + length));
    at += length;
  }
  splitter.end();
  return lines;
}

test('lines do not depend on where the chunks were cut', () => {
  const pieces = [
    'é',
    '漢字',
    '🙂',
    '\n',
    '\r\n',
    '\r',
    'text',
    '\u001b[31mred\u001b[0m',
    '\t',
    '\u0007',
    '\u202e',
  ];
  for (let round = 0; round < 300; round += 1) {
    const text = Array.from({ length: randomInt(40) }, () => pieces[randomInt(pieces.length)]).join('');
    const bytes = Buffer.from(text);
    const whole = linesOf(bytes, () => bytes.length || 1);
    assert.deepEqual(
      linesOf(bytes, () => 1 + randomInt(4)),
      whole,
    );
  }
});

test('no random bytes make a line that could drive a terminal or grow without bound', () => {
  for (let round = 0; round < 300; round += 1) {
    const bytes = randomBytes(randomInt(5000));
    for (const line of linesOf(bytes, () => 1 + randomInt(900), 200)) {
      assert.doesNotMatch(
        line,
        /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/,
      );
      assert.ok(line.isWellFormed());
      assert.ok(line.length < 260, `${line.length}`);
    }
  }
});

test('colours, titles and cursor moves disappear; lone control characters become visible', () => {
  assert.equal(
    safeText('\u001b[1;31mred\u001b[0m \u001b]0;title\u0007x\u001b]8;;http://a\u001b\\y \u001b(B'),
    'red xy ',
  );
  assert.equal(safeText('a\u0000b\u0008c\u001b'), 'a␀b␈c␛');
  assert.equal(safeText('\u009b2Jx\u0085'), 'x\ufffd');
  assert.equal(safeText('ab\u202ecd'), 'ab\ufffdcd');
  assert.equal(safeText('a\tb é 漢字 🙂'), 'a\tb é 漢字 🙂');
});

test('of a progress bar the last state is shown, and CRLF is one line end', () => {
  assert.deepEqual(
    linesOf(Buffer.from('1%\r50%\r100%\nnext\r\nlast\r'), () => 3),
    ['100%', 'next', 'last'],
  );
});

test('an endless line is cut with a note of what is missing', () => {
  const lines = linesOf(Buffer.alloc(10_000_000, 'x'), () => 65_536, 100);
  assert.deepEqual(lines, [`${'x'.repeat(100)} … [9999900 more characters]`]);
});

test('the budget cuts the log with one note and keeps counting the last lines', () => {
  const seen: [OutputStream, string][] = [];
  const log = new GuestLog((stream, line) => seen.push([stream, line]), new OutputBudget(100), 3);
  for (let index = 0; index < 50; index += 1) log.push('out', Buffer.from(`line number ${index}\n`));
  log.push('err', Buffer.from('it broke'));
  log.end();
  assert.equal(seen.filter(([, line]) => line.startsWith('[output limit')).length, 1);
  assert.ok(seen.length < 10);
  assert.deepEqual(log.lastLines, ['line number 48', 'line number 49', 'it broke']);
});
