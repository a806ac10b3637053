import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { SerialConsole, cleanLine } from './serial-console.ts';

test('lines arrive whole and without terminal escapes', async () => {
  const [near, far] = duplexPair();
  const lines: string[] = [];
  const console = new SerialConsole(near);
  console.onLine((line) => lines.push(line));
  far.write('\u001b[1;32mOK\u001b[0m Sta');
  far.write('rted\r\nlogin: ');
  await setImmediate();
  assert.deepEqual(lines, ['OK Started']);
  assert.equal(console.text, 'OK Started\nlogin: ');
});

test('an endless line and an endless console stay within bounds', async () => {
  const [near, far] = duplexPair();
  const console = new SerialConsole(near);
  for (let i = 0; i < 40; i++) far.write('x'.repeat(10_000));
  for (let i = 0; i < 600; i++) far.write(`${'y'.repeat(1000)}\n`);
  await setImmediate();
  assert.ok(console.text.length <= 256 * 1024 + 4096);
});

test('titles, colours and cursor movements of a hostile guest are removed', () => {
  assert.equal(cleanLine('\u001b]0;evil\u0007a\u001b[2J\u001b[Hb\u009b31mc\bd'), 'ab31mcd');
});
