import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { test } from 'node:test';
import { CONTENT_LIMIT_BYTES, encodeFrame, FRAME_MARK, FrameReader, newNonce } from './wake-frame.ts';

test('frames are found between noise, however the stream is cut into chunks', () => {
  for (let round = 0; round < 200; round += 1) {
    const nonce = newNonce();
    const contents = [
      randomBytes(randomInt(300)),
      Buffer.alloc(0),
      Buffer.from(`${FRAME_MARK} ${nonce} 5\n`),
    ];
    const stream = Buffer.concat([
      randomBytes(randomInt(100)),
      Buffer.from(`${FRAME_MARK} `),
      encodeFrame(newNonce(), Buffer.from('of another life')),
      ...contents.flatMap((content) => [encodeFrame(nonce, content), Buffer.from(`${FRAME_MARK} x`)]),
    ]);
    const reader = new FrameReader(nonce);
    const found: Buffer[] = [];
    for (let at = 0; at < stream.length;) {
      const length = 1 + randomInt(20);
      found.push(...reader.push(stream.subarray(at, at + length)));
      at += length;
    }
    assert.deepEqual(found, contents);
  }
});

test('an answer with the nonce of somebody else is no answer', () => {
  const reader = new FrameReader(newNonce());
  assert.deepEqual(reader.push(encodeFrame(newNonce(), Buffer.from('entropy yes\n'))), []);
});

test('a length that is too large, negative or no number is refused', () => {
  for (const length of ['99999', String(CONTENT_LIMIT_BYTES + 1), '-1', '1e3', '', '0x10', '100000']) {
    const nonce = newNonce();
    const reader = new FrameReader(nonce);
    assert.throws(() => reader.push(Buffer.from(`${FRAME_MARK} ${nonce} ${length}\n`)), RangeError, length);
  }
});

test('a header without an end and noise without one are given up', () => {
  const nonce = newNonce();
  const endless = new FrameReader(nonce);
  assert.throws(() => endless.push(Buffer.from(`${FRAME_MARK} ${nonce} ${'1'.repeat(100)}`)), RangeError);
  const noisy = new FrameReader(nonce);
  const noise = Buffer.alloc(1024, 'x');
  assert.throws(() => {
    for (let index = 0; index < 64; index += 1) noisy.push(noise);
  }, RangeError);
});

test('what is too large for the other side is not sent', () => {
  assert.throws(() => encodeFrame(newNonce(), Buffer.alloc(CONTENT_LIMIT_BYTES + 1)), RangeError);
});
