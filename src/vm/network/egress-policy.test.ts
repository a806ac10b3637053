import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameBytes, judgeGuestFrame, type EgressPolicy, type FrameVerdict } from './egress-policy.ts';
import { ARP_REQUEST, BROADCAST_MAC, buildArp, parseMac } from './ethernet.ts';
import { IP, L4, parseBlock, parseIpv4 } from './ipv4.ts';
import { buildTcp, buildUdp, SYN } from './segments.ts';

const guestMac = parseMac('52:54:00:12:34:56');
const gatewayMac = parseMac('12:34:56:78:9a:bc');
const HOST = '192.0.2.2';

const policy: EgressPolicy = {
  guestMac,
  guestAddress: parseIpv4('10.1.0.5'),
  gatewayMac,
  gatewayAddress: parseIpv4('10.1.0.1'),
  segment: parseBlock('10.1.0.0/24'),
  platformAddress: parseIpv4('168.63.129.16'),
  isService: (address, port) => address === parseIpv4('169.254.169.254') && port === 80,
  isHostAddress: (address) => address === parseIpv4(HOST),
};

const verdict = (frame: Buffer): FrameVerdict => judgeGuestFrame(frame, 0, frame.length, policy);

function ends(target: string, port: number, source = '10.1.0.5') {
  return {
    sourceMac: guestMac,
    sourceAddress: parseIpv4(source),
    sourcePort: 40_000,
    targetMac: gatewayMac,
    targetAddress: parseIpv4(target),
    targetPort: port,
  };
}

const tcp = (target: string, port: number, source?: string): Buffer =>
  buildTcp(ends(target, port, source), { flags: SYN, sequence: 1, acknowledgement: 0 });
const udp = (target: string, port: number): Buffer => buildUdp(ends(target, port), Buffer.from('hello'));

test('public and private addresses outside the segment may be reached', () => {
  for (const target of ['203.0.113.80', '10.255.255.53', '192.168.7.9', '172.16.0.1']) {
    assert.equal(verdict(tcp(target, 443)), 'outside', target);
    assert.equal(verdict(udp(target, 123)), 'outside', target);
  }
});

test('nothing that could mean the host or its neighbours may be reached', () => {
  const forbidden = [
    HOST,
    '0.0.0.0',
    '0.1.2.3',
    '127.0.0.1',
    '127.255.255.254',
    '10.1.0.77',
    '10.1.0.255',
    '10.1.0.5',
    '169.254.1.1',
    '168.63.129.16',
    '100.100.100.200',
    '192.0.0.192',
    '224.0.0.251',
    '239.255.255.250',
    '240.0.0.1',
    '255.255.255.255',
  ];
  for (const target of forbidden) {
    assert.equal(verdict(tcp(target, 8080)), 'drop', `TCP ${target}`);
    assert.equal(verdict(udp(target, 8080)), 'drop', `UDP ${target}`);
  }
  assert.equal(verdict(udp('10.1.0.1', 53)), 'drop');
});

test('platform services, DNS and the gateway are recognized by address and port', () => {
  assert.equal(verdict(tcp('169.254.169.254', 80)), 'service');
  assert.equal(verdict(tcp('169.254.169.254', 22)), 'drop');
  assert.equal(verdict(udp('169.254.169.254', 80)), 'drop');
  assert.equal(verdict(udp('168.63.129.16', 53)), 'dns');
  assert.equal(verdict(tcp('10.1.0.1', 8080)), 'gateway');
});

test('spoofed addresses are dropped', () => {
  assert.equal(verdict(tcp('203.0.113.80', 80, '10.1.0.6')), 'drop');
  assert.equal(verdict(tcp('169.254.169.254', 80, '127.0.0.1')), 'drop');
  const otherMac = tcp('203.0.113.80', 80);
  otherMac.writeUIntBE(parseMac('52:54:00:12:34:57'), 6, 6);
  assert.equal(verdict(otherMac), 'drop');
  const otherTarget = tcp('203.0.113.80', 80);
  otherTarget.writeUIntBE(BROADCAST_MAC, 0, 6);
  assert.equal(verdict(otherTarget), 'drop');
});

test('options, fragments, wrong lengths and other protocols are dropped', () => {
  const changed = (change: (frame: Buffer) => void): FrameVerdict => {
    const frame = Buffer.concat([tcp('203.0.113.80', 80), Buffer.alloc(60)]);
    change(frame);
    return verdict(frame);
  };
  assert.equal(
    changed(() => undefined),
    'outside',
  );
  assert.equal(
    changed((it) => it.writeUInt8(0x46, IP)),
    'drop',
    'IP options',
  );
  assert.equal(
    changed((it) => it.writeUInt8(0x65, IP)),
    'drop',
    'version 6',
  );
  assert.equal(
    changed((it) => it.writeUInt16BE(0x2000, IP + 6)),
    'drop',
    'first fragment',
  );
  assert.equal(
    changed((it) => it.writeUInt16BE(0x0001, IP + 6)),
    'drop',
    'later fragment',
  );
  assert.equal(
    changed((it) => it.writeUInt16BE(39, IP + 2)),
    'drop',
    'too short for TCP',
  );
  assert.equal(
    changed((it) => it.writeUInt16BE(500, IP + 2)),
    'drop',
    'longer than the frame',
  );
  assert.equal(
    changed((it) => it.writeUInt8(0x40, L4 + 12)),
    'drop',
    'TCP header shorter than itself',
  );
  assert.equal(
    changed((it) => it.writeUInt8(0xf0, L4 + 12)),
    'drop',
    'TCP header longer than the packet',
  );
  for (const protocol of [0, 2, 4, 41, 47, 50, 132, 255]) {
    assert.equal(
      changed((it) => it.writeUInt8(protocol, IP + 9)),
      'drop',
      `protocol ${protocol}`,
    );
  }
  for (const type of [0x86dd, 0x8100, 0x88a8, 0x8035]) {
    assert.equal(
      changed((it) => it.writeUInt16BE(type, 12)),
      'drop',
      `ethertype ${type}`,
    );
  }
  const lying = udp('203.0.113.80', 123);
  lying.writeUInt16BE(9, L4 + 4);
  assert.equal(verdict(lying), 'drop', 'UDP length that disagrees with the packet');
});

test('only echo requests of ICMP go out', () => {
  const echo = udp('203.0.113.80', 0);
  echo.writeUInt8(1, IP + 9);
  echo.writeUInt16BE(0x0800, L4);
  assert.equal(verdict(echo), 'outside');
  echo.writeUInt16BE(0x0501, L4);
  assert.equal(verdict(echo), 'drop', 'redirect');
});

test('DHCP is taken from the guest before and after it has an address', () => {
  const request = (source: string, target: string, mac: number): Buffer =>
    buildUdp({ ...ends(target, 67, source), sourcePort: 68, targetMac: mac }, Buffer.alloc(300));
  assert.equal(verdict(request('0.0.0.0', '255.255.255.255', BROADCAST_MAC)), 'dhcp');
  assert.equal(verdict(request('10.1.0.5', '168.63.129.16', gatewayMac)), 'dhcp');
  assert.equal(verdict(request('10.1.0.9', '255.255.255.255', BROADCAST_MAC)), 'drop');
  assert.equal(verdict(request('0.0.0.0', '203.0.113.80', gatewayMac)), 'drop');
});

test('ARP is for the relay, and padding is not part of a packet', () => {
  const arp = buildArp({
    operation: ARP_REQUEST,
    senderMac: guestMac,
    senderAddress: policy.guestAddress,
    targetMac: 0,
    targetAddress: policy.gatewayAddress,
  });
  assert.equal(verdict(arp), 'arp');
  const padded = Buffer.concat([tcp('203.0.113.80', 80), Buffer.alloc(9)]);
  assert.equal(frameBytes(padded, 0), padded.length - 9);
});

test('whatever bytes come, what passes is plain and has an allowed target', () => {
  let state = 12345;
  const random = (limit: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % limit;
  };
  const seeds = [
    tcp('203.0.113.80', 80),
    tcp('10.1.0.1', 80),
    udp('168.63.129.16', 53),
    tcp('127.0.0.1', 80),
  ];
  let passed = 0;
  for (let round = 0; round < 200_000; round += 1) {
    const frame = Buffer.concat([seeds[random(seeds.length)] ?? Buffer.alloc(0), Buffer.alloc(random(30))]);
    for (let changes = random(5); changes > 0; changes -= 1) frame[random(frame.length)] = random(256);
    const start = random(4);
    const moved = Buffer.concat([Buffer.alloc(start, 0x45), frame]);
    const length = random(10) === 0 ? random(frame.length) : frame.length;
    const result = judgeGuestFrame(moved, start, length, policy);
    if (result === 'drop' || result === 'arp') continue;
    passed += 1;
    const end = frameBytes(moved, start);
    assert.ok(end <= length && end >= L4 + 8);
    assert.equal(frame[IP], 0x45);
    assert.equal(frame.readUInt16BE(IP + 6) & 0xbfff, 0);
    assert.equal(frame.readUIntBE(6, 6), guestMac);
    const target = frame.readUInt32BE(IP + 16);
    if (result === 'outside') {
      assert.ok(target >>> 24 !== 127 && target >>> 24 !== 0 && target >>> 28 < 14);
      assert.ok(target >>> 16 !== 0xa9fe && target >>> 8 !== 0x0a0100);
      assert.ok(!policy.isHostAddress(target));
    }
    if (result === 'gateway') assert.equal(target, policy.gatewayAddress);
  }
  assert.ok(passed > 10_000);
});
