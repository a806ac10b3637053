import assert from 'node:assert/strict';
import { test } from 'node:test';
import ssh2 from 'ssh2';
import { generateSshKeyPair, keyBlobOf } from './key-pair.ts';

test('every generated key is read back by the SSH library, also those that begin with a zero byte', () => {
  let beganWithZero = 0;
  for (let round = 0; round < 4000 && (round < 50 || beganWithZero === 0); round += 1) {
    const pair = generateSshKeyPair('someone');
    const parsed = ssh2.utils.parseKey(pair.privateKey);
    assert.ok(!(parsed instanceof Error));
    assert.equal(parsed.getPublicSSH().toString('base64'), keyBlobOf(pair.publicKey));
    const signature = parsed.sign('message');
    assert.ok(!(signature instanceof Error));
    assert.equal(parsed.verify('message', signature), true);
    assert.equal(parsed.comment, 'someone');
    if (parsed.getPublicSSH().subarray(-32)[0] === 0) beganWithZero += 1;
  }
  assert.ok(beganWithZero > 0);
});

test('two builds never share a key', () => {
  assert.notEqual(generateSshKeyPair().publicKey, generateSshKeyPair().publicKey);
});

test('a line that is no public key has no blob', () => {
  assert.throws(() => keyBlobOf('ssh-ed25519'), TypeError);
  assert.throws(() => keyBlobOf('ssh-ed25519 $(reboot)'), TypeError);
});
