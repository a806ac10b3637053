import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ETHERTYPE_IPV4, parseMac, writeEthernetHeader } from './ethernet.ts';
import {
  internetChecksum,
  IP,
  L4,
  parseBlock,
  parseIpv4,
  formatIpv4,
  inBlock,
  writeIpv4Header,
} from './ipv4.ts';
import {
  ACK,
  buildTcp,
  disguiseSource,
  redirectTarget,
  replaceWindow,
  sourceAddress,
  sourcePort,
  SYN,
  targetAddress,
  targetPort,
  tcpDataBytes,
  windowShift,
} from './segments.ts';

const guestMac = parseMac('52:54:00:12:34:56');
const gatewayMac = parseMac('12:34:56:78:9a:bc');
const ends = {
  sourceMac: guestMac,
  sourceAddress: parseIpv4('10.1.0.5'),
  sourcePort: 40_000,
  targetMac: gatewayMac,
  targetAddress: parseIpv4('169.254.169.254'),
  targetPort: 80,
};

/** A segment with options and data whose checksum is right. */
function segment(flags: number, options: readonly number[], data: Buffer): Buffer {
  const headerBytes = 20 + options.length;
  const payloadBytes = headerBytes + data.length;
  const frame = Buffer.alloc(L4 + payloadBytes);
  writeEthernetHeader(frame, gatewayMac, guestMac, ETHERTYPE_IPV4);
  writeIpv4Header(frame, {
    source: ends.sourceAddress,
    target: ends.targetAddress,
    protocol: 6,
    payloadBytes,
  });
  frame.writeUInt16BE(ends.sourcePort, L4);
  frame.writeUInt16BE(ends.targetPort, L4 + 2);
  frame.writeUInt8((headerBytes / 4) << 4, L4 + 12);
  frame.writeUInt8(flags, L4 + 13);
  frame.writeUInt16BE(64_240, L4 + 14);
  frame.set(options, L4 + 20);
  frame.set(data, L4 + headerBytes);
  frame.writeUInt16BE(tcpChecksum(frame), L4 + 16);
  return frame;
}

/** Zero when the checksum in the frame is right. */
function tcpChecksum(frame: Buffer): number {
  const pseudo = [12, 14, 16, 18].reduce(
    (sum, at) => sum + frame.readUInt16BE(IP + at),
    6 + frame.length - L4,
  );
  return internetChecksum(frame, L4, frame.length, pseudo);
}

test('redirecting and disguising keep both checksums right, for any address and port', () => {
  let state = 4711;
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state >>> 3;
  };
  for (let round = 0; round < 5000; round += 1) {
    const data = Buffer.from(Array.from({ length: random() % 9 }, () => random() & 255));
    const frame = segment(ACK, [], data);
    const address = ((random() & 0xffff) * 0x10000 + (random() & 0xffff)) >>> 0;
    const port = random() & 0xffff;
    redirectTarget(frame, 0, address, port);
    disguiseSource(frame, 0, (address ^ 0x5555) >>> 0, port ^ 0x1234);
    assert.equal(internetChecksum(frame, IP, L4), 0);
    assert.equal(tcpChecksum(frame), 0);
    assert.equal(targetAddress(frame, 0), address);
    assert.equal(targetPort(frame, 0), port);
    assert.equal(sourceAddress(frame, 0), (address ^ 0x5555) >>> 0);
    assert.equal(sourcePort(frame, 0), port ^ 0x1234);
  }
});

test('segments of our own have right checksums', () => {
  const frame = buildTcp(ends, { flags: SYN, sequence: 0xfffffff0, acknowledgement: 7 });
  assert.equal(internetChecksum(frame, IP, L4), 0);
  assert.equal(tcpChecksum(frame), 0);
});

test('the window shift is found behind other options and a broken option list ends the search', () => {
  const empty = Buffer.alloc(0);
  assert.equal(windowShift(segment(SYN, [2, 4, 5, 180, 1, 3, 3, 7], empty), 0), 7);
  assert.equal(windowShift(segment(SYN, [2, 4, 5, 180], empty), 0), 0);
  assert.equal(windowShift(segment(SYN, [2, 0, 3, 3, 7, 0, 0, 0], empty), 0), 0, 'a length of zero');
  assert.equal(windowShift(segment(SYN, [2, 200, 3, 3, 7, 0, 0, 0], empty), 0), 0, 'a length past the end');
  assert.equal(windowShift(segment(SYN, [3, 3, 255, 0], empty), 0), 14, 'no more than RFC 7323 allows');
});

test('a replaced window keeps the checksum right', () => {
  const frame = segment(ACK, [1, 1, 1, 1], Buffer.from('abc'));
  replaceWindow(frame, 0, 512);
  assert.equal(frame.readUInt16BE(L4 + 14), 512);
  assert.equal(tcpChecksum(frame), 0);
  assert.equal(tcpDataBytes(frame, 0), 3);
});

test('addresses and blocks are read and written in dotted form', () => {
  assert.equal(formatIpv4(parseIpv4('255.0.128.1')), '255.0.128.1');
  for (const text of ['1.2.3', '1.2.3.256', '1.2.3.x', '1.2.3.4.5', '']) {
    assert.throws(() => parseIpv4(text), RangeError);
  }
  assert.ok(inBlock(parseIpv4('172.31.255.255'), parseBlock('172.16.0.0/12')));
  assert.ok(!inBlock(parseIpv4('172.32.0.0'), parseBlock('172.16.0.0/12')));
  assert.ok(inBlock(parseIpv4('1.2.3.4'), parseBlock('0.0.0.0/0')));
});
