import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { test } from 'node:test';
import { FrameCutter, frameCommand } from './exec-frame.ts';

test('the command sees its own bytes only, however the stream is cut into chunks', () => {
  for (let round = 0; round < 300; round += 1) {
    const frame = frameCommand('true', false);
    // Bodies full of beginnings of the mark are the hard case. No other byte is ASCII, or it might complete one.
    const body = Buffer.concat(
      Array.from({ length: randomInt(6) }, () =>
        randomInt(2) === 0
          ? frame.closing.subarray(0, randomInt(frame.closing.length))
          : randomBytes(randomInt(40)).map((byte) => byte | 0x80),
      ),
    );
    const stream = Buffer.concat([
      Buffer.from('Welcome!\n'),
      frame.opening,
      Buffer.from('4711\n'),
      body,
      frame.closing,
      Buffer.from('from a daemon'),
    ]);
    const cutter = new FrameCutter(frame);
    const seen: Buffer[] = [];
    for (let at = 0; at < stream.length;) {
      const length = 1 + randomInt(12);
      seen.push(Buffer.from(cutter.push(stream.subarray(at, at + length))));
      at += length;
    }
    seen.push(cutter.flush());
    assert.equal(Buffer.concat(seen).toString('hex'), body.toString('hex'));
    assert.equal(cutter.openingNote, '4711');
    assert.equal(cutter.closed, true);
  }
});

test('bytes held back for a mark that never comes are given out at the end', () => {
  const frame = frameCommand('true', false);
  const cutter = new FrameCutter(frame);
  cutter.push(Buffer.concat([frame.opening, Buffer.from('1\n')]));
  const tail = frame.closing.subarray(0, 10);
  assert.equal(cutter.push(tail).length, 0);
  assert.deepEqual(cutter.flush(), tail);
  assert.equal(cutter.closed, false);
});

test('a greeting without an opening mark is kept for the error message and bounded', () => {
  const cutter = new FrameCutter(frameCommand('true', false));
  for (let index = 0; index < 64; index += 1) cutter.push(Buffer.alloc(4096, 'x'));
  cutter.push(Buffer.from('This account is currently not available.'));
  assert.ok(cutter.greeting.endsWith('not available.'));
  assert.ok(cutter.greeting.length <= 64 * 1024 + 64);
  assert.equal(cutter.flush().length, 0);
});
