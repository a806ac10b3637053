import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import ssh2 from 'ssh2';
import { isGoldsmithError } from '../../model/errors.ts';
import { generateSshKeyPair, keyBlobOf } from '../ssh/key-pair.ts';
import { isOneOf, newHostKeys } from './host-keys.ts';
import { CONTENT_LIMIT_BYTES } from './wake-frame.ts';
import { encodeWakeRequest, newWakeRequest, type WakeRequest } from './wake-request.ts';

function someRequest(): WakeRequest {
  return newWakeRequest({
    now: () => 1_700_000_000_000.5,
    vmId: '3f2a6c1e-0b52-4d8e-9a37-5f0d2f6b7c11',
    hostName: 'gs-0a1b2c3d',
    macAddress: '52:54:00:0a:0b:0c',
    address: '10.1.0.77',
    userName: 'goldsmith',
    sshPublicKey: generateSshKeyPair().publicKey,
  });
}

function fieldsOf(content: Buffer): Map<string, string> {
  const lines = inflateSync(content).toString().trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const [name = '', value = ''] = line.split(' ');
      return [name, Buffer.from(value, 'base64').toString('latin1')];
    }),
  );
}

test('two copies of one machine are told nothing that is the same but what their caller chose', () => {
  const [one, other] = [someRequest(), someRequest()].map((request) => fieldsOf(encodeWakeRequest(request)));
  assert.ok(one !== undefined && other !== undefined);
  const same = [...one].filter(([name, value]) => other.get(name) === value).map(([name]) => name);
  assert.deepEqual(same, ['vmId', 'hostName', 'macAddress', 'address', 'userName', 'clock']);
  assert.equal(one.get('clock'), '1700000000000.500');
  assert.ok((one.get('entropy')?.length ?? 0) >= 64);
});

test('a request fits into a frame', () => {
  assert.ok(encodeWakeRequest(someRequest()).length < CONTENT_LIMIT_BYTES / 8);
});

test('values that could write more than their own line are refused', () => {
  const wrong: Partial<WakeRequest>[] = [
    { hostName: 'two\nlines' },
    { hostName: '' },
    { hostName: '-x' },
    { userName: '../root' },
    { macAddress: '01:00:5e:00:00:01' },
    { macAddress: '52:54:00:0A:0B:0C' },
    { address: '10.1.0.77/24' },
    { address: 'fe80::1' },
    { machineId: 'uninitialized' },
    { bootId: '0' },
    { vmId: '3F2A6C1E-0B52-4D8E-9A37-5F0D2F6B7C11' },
    { sshPublicKey: 'ssh-ed25519 AAAA x\nssh-ed25519 BBBB y' },
    { entropy: Buffer.alloc(63) },
    { entropy: Buffer.alloc(513) },
  ];
  for (const part of wrong) {
    assert.throws(
      () => encodeWakeRequest({ ...someRequest(), ...part }),
      (error) => isGoldsmithError(error, 'Internal'),
      JSON.stringify(part),
    );
  }
});

test('host keys are read back by the SSH library and sign', () => {
  const keys = newHostKeys('some-host');
  assert.deepEqual(
    keys.map(({ type }) => type),
    ['ed25519', 'ecdsa'],
  );
  for (const { privateKey, publicKey } of keys) {
    const parsed = ssh2.utils.parseKey(privateKey);
    assert.ok(!(parsed instanceof Error));
    assert.equal(parsed.getPublicSSH().toString('base64'), keyBlobOf(publicKey));
    assert.match(publicKey, / root@some-host$/);
    assert.equal(isOneOf(keys)(parsed.getPublicSSH()), true);
    assert.equal(isOneOf(newHostKeys('some-host'))(parsed.getPublicSSH()), false);
  }
});
