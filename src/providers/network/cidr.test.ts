import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  containsAddress,
  containsCidr,
  formatAddress,
  formatCidr,
  overlaps,
  readAddress,
  readCidr,
  type Cidr,
} from './cidr.ts';

for (const text of [
  '10.0.0.0/8',
  '192.168.1.128/25',
  '0.0.0.0/0',
  '10.1.2.3/32',
  'fd00::/48',
  '::/0',
  '2001:db8:0:1::/64',
]) {
  test(`${text} is read and written back`, () => {
    assert.equal(formatCidr(cidr(text)), text);
  });
}

test('bits behind the prefix are refused, with the prefix that was meant', () => {
  assert.deepEqual(readCidr('10.0.0.1/24'), { ok: false, expected: '10.0.0.0/24' });
  assert.deepEqual(readCidr('fd00::1/64'), { ok: false, expected: 'fd00::/64' });
});

for (const text of [
  '',
  '10.0.0.0',
  '10.0.0.0/33',
  '10.0.0/8',
  '256.0.0.0/8',
  'fd00::/129',
  '::ffff:1.2.3.4/96',
  'x/8',
  '10.0.0.0/-1',
  '/8',
]) {
  test(`'${text}' is no range`, () => {
    assert.deepEqual(readCidr(text), { ok: false, expected: undefined });
  });
}

test('ranges contain and overlap what is between their ends, within one version', () => {
  assert.equal(containsCidr(cidr('10.0.0.0/16'), cidr('10.0.255.0/24')), true);
  assert.equal(containsCidr(cidr('10.0.0.0/16'), cidr('10.1.0.0/24')), false);
  assert.equal(containsCidr(cidr('0.0.0.0/0'), cidr('::/128')), false);
  assert.equal(overlaps(cidr('10.0.0.0/24'), cidr('10.0.0.128/25')), true);
  assert.equal(overlaps(cidr('10.0.0.0/24'), cidr('10.0.1.0/24')), false);
  const address = readAddress('10.0.0.255');
  assert.ok(address);
  assert.equal(containsAddress(cidr('10.0.0.0/24'), address), true);
  assert.equal(containsAddress(cidr('10.0.1.0/24'), address), false);
});

test('addresses of IPv6 are shortened where the most zeros are', () => {
  const short = (text: string): string => {
    const address = readAddress(text);
    assert.ok(address);
    return formatAddress(address);
  };
  assert.equal(short('2001:0db8:0:0:1:0:0:0'), '2001:db8:0:0:1::');
  assert.equal(short('1:2:3:4:5:6:7:8'), '1:2:3:4:5:6:7:8');
  assert.equal(short('0:0:0:0:0:0:0:1'), '::1');
  assert.equal(short('10:0:0:10:0:0:0:1'), '10:0:0:10::1');
});

function cidr(text: string): Cidr {
  const read = readCidr(text);
  assert.ok(read.ok);
  return read.cidr;
}
