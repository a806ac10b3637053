import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMac } from './ethernet.ts';
import { L4, parseIpv4 } from './ipv4.ts';
import { ACK, buildTcp, FIN, SYN } from './segments.ts';
import { SenderPacer } from './sender-pacer.ts';

const ends = {
  sourceMac: parseMac('52:54:00:12:34:56'),
  sourceAddress: parseIpv4('10.1.0.5'),
  sourcePort: 40_000,
  targetMac: parseMac('12:34:56:78:9a:bc'),
  targetAddress: parseIpv4('203.0.113.80'),
  targetPort: 80,
};

/** A SYN whose header has room for options, with a window shift of 7. */
function syn(): Buffer {
  const frame = Buffer.concat([
    buildTcp(ends, { flags: SYN, sequence: 1, acknowledgement: 0 }),
    Buffer.from([3, 3, 7, 0]),
  ]);
  frame.writeUInt8(0x60, L4 + 12);
  return frame;
}

const ack = (acknowledgement: number, sequence = 2): Buffer =>
  buildTcp(ends, { flags: ACK, sequence, acknowledgement });

test('the window shown to the sender is at most 64 KiB, whatever the scale', () => {
  const pacer = new SenderPacer();
  pacer.admit(syn(), 0);
  const frame = ack(100);
  assert.equal(pacer.admit(frame, 0), true);
  assert.equal(frame.readUInt16BE(L4 + 14), 512); // 512 << 7 is 64 KiB
});

test('an acknowledgement that repeats the last is dropped; a new one, a probe and unknown connections pass', () => {
  const pacer = new SenderPacer();
  assert.equal(pacer.admit(ack(100), 0), true);
  assert.equal(pacer.admit(ack(100), 0), true, 'unknown connection');
  pacer.admit(syn(), 0);
  assert.equal(pacer.admit(ack(100), 0), true);
  assert.equal(pacer.admit(ack(100), 0), false);
  assert.equal(pacer.admit(ack(200), 0), true);
  assert.equal(pacer.admit(ack(200, 1), 0), true, 'a keep-alive repeats an older sequence number');
});

test('a closing window is told at once', () => {
  const pacer = new SenderPacer();
  pacer.admit(syn(), 0);
  pacer.admit(ack(100), 0);
  const closed = ack(100);
  closed.writeUInt16BE(0, L4 + 14);
  assert.equal(pacer.admit(closed, 0), true);
  assert.equal(closed.readUInt16BE(L4 + 14), 0);
});

test('a connection whose guest side is closed is left alone', () => {
  const pacer = new SenderPacer();
  pacer.admit(syn(), 0);
  pacer.admit(ack(100), 0);
  pacer.admit(buildTcp(ends, { flags: FIN | ACK, sequence: 2, acknowledgement: 100 }), 0);
  assert.equal(pacer.admit(ack(100), 0), true);
  assert.equal(pacer.admit(ack(100), 0), true);
});
