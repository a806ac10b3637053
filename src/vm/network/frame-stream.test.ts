import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { once } from 'node:events';
import { test } from 'node:test';
import { FrameSplitter, MAX_FRAME_BYTES, pumpFrames, writeFrame } from './frame-stream.ts';

function prefixed(...frames: readonly Buffer[]): Buffer {
  return Buffer.concat(
    frames.flatMap((frame) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(frame.length);
      return [length, frame];
    }),
  );
}

const frames = [20, 1, 0, 1514, 60, 9000, 3].map((size, index) => Buffer.alloc(size, index + 1));

test('frames survive every way of cutting the stream', () => {
  const wire = prefixed(...frames);
  for (const step of [1, 2, 3, 5, 7, 64, 1000, wire.length]) {
    const seen: Buffer[] = [];
    const out: Buffer[] = [];
    const splitter = new FrameSplitter((bytes, start, length) => {
      seen.push(Buffer.from(bytes.subarray(start, start + length)));
      return length;
    });
    for (let at = 0; at < wire.length; at += step) {
      assert.ok(splitter.push(Buffer.from(wire.subarray(at, at + step)), (bytes) => out.push(bytes)));
    }
    assert.deepEqual(seen, frames, `step ${step}`);
    assert.deepEqual(Buffer.concat(out), wire, `step ${step}`);
  }
});

test('dropped frames vanish and shortened ones carry their new length', () => {
  const wire = prefixed(...frames);
  const keep = (length: number): number => (length === 60 ? 0 : Math.min(length, 100));
  const expected = prefixed(
    ...frames
      .filter((frame) => frame.length !== 60 && frame.length > 0)
      .map((frame) => frame.subarray(0, 100)),
  );
  for (const step of [3, 100, wire.length]) {
    const out: Buffer[] = [];
    const splitter = new FrameSplitter((_bytes, _start, length) => keep(length));
    for (let at = 0; at < wire.length; at += step) {
      splitter.push(Buffer.from(wire.subarray(at, at + step)), (bytes) => out.push(Buffer.from(bytes)));
    }
    const withoutEmpty = Buffer.concat(out).toString('hex').replaceAll('00000000', '');
    assert.equal(withoutEmpty, expected.toString('hex').replaceAll('00000000', ''), `step ${step}`);
  }
});

test('frames that stay travel on in one piece', () => {
  const out: Buffer[] = [];
  new FrameSplitter((_bytes, _start, length) => length).push(prefixed(...frames), (bytes) => out.push(bytes));
  assert.equal(out.length, 1);
});

test('a length beyond every frame breaks the stream', () => {
  const wire = Buffer.alloc(8);
  wire.writeUInt32BE(MAX_FRAME_BYTES + 1);
  assert.equal(
    new FrameSplitter(() => 0).push(wire, () => undefined),
    false,
  );
});

test('random bytes never throw and never make a frame longer than it was', () => {
  let state = 7;
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) & 255;
  };
  for (let round = 0; round < 300; round += 1) {
    const splitter = new FrameSplitter((_bytes, start, length) => {
      assert.ok(start >= 4 && length <= MAX_FRAME_BYTES);
      return length;
    });
    for (let chunk = 0; chunk < 20; chunk += 1) {
      const bytes = Buffer.from(Array.from({ length: random() }, () => (random() < 128 ? 0 : random() & 63)));
      if (!splitter.push(bytes, () => undefined)) break;
    }
  }
});

test('a full sink holds the source back until it drains', async () => {
  const source = new PassThrough();
  const sink = new PassThrough({ highWaterMark: 100 });
  pumpFrames(
    source,
    sink,
    (_bytes, _start, length) => length,
    () => assert.fail('broken'),
  );
  source.write(prefixed(Buffer.alloc(500)));
  await once(sink, 'readable');
  assert.equal(source.isPaused(), true);
  const waiting = sink.writableLength;
  writeFrame(sink, Buffer.alloc(10));
  assert.equal(sink.writableLength, waiting, 'a frame of our own does not pile up on a full sink');
  sink.resume();
  await once(source, 'resume');
  assert.equal(source.isPaused(), false);
});
