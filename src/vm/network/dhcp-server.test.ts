import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerDhcp, type DhcpLease } from './dhcp-server.ts';
import { BROADCAST_MAC, parseMac, targetMac } from './ethernet.ts';
import { formatIpv4, internetChecksum, IP, L4, parseIpv4 } from './ipv4.ts';
import { targetAddress, udpPayload } from './segments.ts';

const lease: DhcpLease = {
  clientMac: parseMac('52:54:00:12:34:56'),
  serverMac: parseMac('12:34:56:78:9a:bc'),
  address: parseIpv4('10.1.0.5'),
  prefixBits: 24,
  gateway: parseIpv4('10.1.0.1'),
  platformAddress: parseIpv4('168.63.129.16'),
  hostRoutes: [parseIpv4('168.63.129.16'), parseIpv4('169.254.169.254')],
  mtu: 1500,
};

function request(type: number, options: readonly number[] = [], flags = 0): Buffer {
  const message = Buffer.alloc(240);
  message.writeUIntBE(0x010106, 0, 3);
  message.writeUInt32BE(0xcafebabe, 4);
  message.writeUInt16BE(flags, 10);
  message.writeUIntBE(lease.clientMac, 28, 6);
  message.writeUInt32BE(0x63825363, 236);
  return Buffer.concat([message, Buffer.from([53, 1, type, ...options, 255])]);
}

function optionsOf(frame: Buffer): Map<number, string> {
  const body = udpPayload(frame, 0);
  const found = new Map<number, string>();
  for (let at = 240; body[at] !== 255; at += 2 + (body[at + 1] ?? 0)) {
    found.set(body[at] ?? 0, body.subarray(at + 2, at + 2 + (body[at + 1] ?? 0)).toString('hex'));
  }
  return found;
}

const wanted = (address: string): number[] => [50, 4, ...address.split('.').map(Number)];

test('a discovering client is offered the address with the options of an Azure subnet', () => {
  const answer = answerDhcp(request(1), lease);
  assert.ok(answer !== undefined);
  assert.equal(answer.leased, false);
  const body = udpPayload(answer.frame, 0);
  assert.equal(body.readUInt32BE(4), 0xcafebabe);
  assert.equal(formatIpv4(body.readUInt32BE(16)), '10.1.0.5');
  const options = optionsOf(answer.frame);
  assert.equal(options.get(53), '02');
  assert.equal(options.get(54), 'a83f8110');
  assert.equal(options.get(51), 'ffffffff');
  assert.equal(options.get(1), 'ffffff00');
  assert.equal(options.get(3), '0a010001');
  assert.equal(options.get(6), 'a83f8110');
  assert.equal(options.get(121), '000a01000120a83f81100a01000120a9fea9fe0a010001');
  assert.equal(options.get(245), 'a83f8110');
  assert.equal(options.has(26), false);
});

test('a request for the offered address is granted and both checksums are right', () => {
  const answer = answerDhcp(request(3, wanted('10.1.0.5')), lease);
  assert.ok(answer !== undefined);
  assert.equal(answer.leased, true);
  assert.equal(optionsOf(answer.frame).get(53), '05');
  assert.equal(targetMac(answer.frame, 0), lease.clientMac);
  const { frame } = answer;
  assert.equal(internetChecksum(frame, IP, L4), 0);
  const length = frame.length - L4;
  const pseudo = [12, 14, 16, 18].reduce((sum, at) => sum + frame.readUInt16BE(IP + at), 17 + length);
  assert.equal(internetChecksum(frame, L4, frame.length, pseudo), 0);
});

test('a request for another address is refused to everyone', () => {
  const answer = answerDhcp(request(3, wanted('192.168.1.7')), lease);
  assert.ok(answer !== undefined);
  assert.equal(answer.leased, false);
  assert.equal(optionsOf(answer.frame).get(53), '06');
  assert.equal(targetMac(answer.frame, 0), BROADCAST_MAC);
});

test('a client that asks for a broadcast gets one', () => {
  const answer = answerDhcp(request(1, [], 0x8000), lease);
  assert.ok(answer !== undefined);
  assert.equal(targetAddress(answer.frame, 0), 0xffffffff);
});

test('messages of other clients, for other servers or without sense get no answer', () => {
  const other = request(1);
  other.writeUInt8(0x99, 28);
  assert.equal(answerDhcp(other, lease), undefined);
  assert.equal(answerDhcp(request(3, [54, 4, 1, 2, 3, 4]), lease), undefined);
  assert.equal(answerDhcp(request(7), lease), undefined);
  assert.equal(answerDhcp(Buffer.alloc(10), lease), undefined);
  assert.equal(answerDhcp(request(1).subarray(0, 240), lease), undefined);
});

test('random messages never throw', () => {
  let state = 99;
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) & 255;
  };
  for (let round = 0; round < 20_000; round += 1) {
    const message = request(1 + (random() % 8), Array.from({ length: random() }, random));
    message[random() % message.length] = random();
    answerDhcp(message.subarray(0, 230 + random()), lease);
  }
});
