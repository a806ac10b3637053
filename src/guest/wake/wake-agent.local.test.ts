import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { endProcess, hasEnded, runCommand, startProcess } from '../../host/command.ts';
import { generateSshKeyPair, keyBlobOf } from '../ssh/key-pair.ts';
import { AGENT_PROGRAM } from './agent-program.ts';
import { wakeGuest } from './wake-guest.ts';
import { unmetFacts } from './wake-report.ts';
import { newWakeRequest, type WakeRequest } from './wake-request.ts';

const first = generateSshKeyPair('first');
const own = generateSshKeyPair('of somebody else');
const command = 'no-pty,command="echo no"';

/** What an ordinary machine has, as far as it can be had in a folder. */
const files: Readonly<Record<string, string>> = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\ngoldsmith:x:1000:1000::/home/goldsmith:/bin/sh\n',
  'home/goldsmith/.ssh/authorized_keys': `${first.publicKey}\n`,
  'root/.ssh/authorized_keys': `${command} ${first.publicKey}\n${own.publicKey}\n`,
  'etc/ssh/ssh_host_ed25519_key': 'an old and longer key\n'.repeat(60),
  'etc/ssh/ssh_host_ed25519_key.pub': 'old\n',
  'etc/ssh/ssh_host_rsa_key': 'old\n',
  'etc/ssh/ssh_host_rsa_key.pub': 'old\n',
  'etc/ssh/sshd_config': 'UsePAM yes\n',
  'etc/machine-id': '00000000000000000000000000000001\n',
  'etc/hostname': 'frozen\n',
  'etc/hosts': '127.0.0.1 localhost\n127.0.1.1  frozen.local\tfrozen # frozen\n10.0.0.1 frozenpeas\n',
  'proc/sys/kernel/hostname': 'frozen\n',
  'proc/sys/kernel/random/boot_id': 'old\n',
  'sys/class/net/lo/address': '00:00:00:00:00:00\n',
  'sys/class/net/eth0/address': '52:54:00:00:00:01\n',
  'sys/class/net/eth0/device/vendor': '0x1af4\n',
  'var/lib/systemd/random-seed': 'old',
};

function fakeRoot(): string {
  const root = mkdtempSync(join(tmpdir(), 'goldsmith-wake-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  mkdirSync(join(root, 'var/lib/dbus'), { recursive: true });
  symlinkSync('/etc/machine-id', join(root, 'var/lib/dbus/machine-id'));
  return root;
}

function someRequest(): WakeRequest {
  return newWakeRequest({
    now: Date.now,
    vmId: '3f2a6c1e-0b52-4d8e-9a37-5f0d2f6b7c11',
    hostName: 'gs-0a1b2c3d',
    macAddress: '52:54:00:0a:0b:0c',
    address: '10.1.0.77',
    userName: 'goldsmith',
    sshPublicKey: generateSshKeyPair('second').publicKey,
  });
}

test(
  'the agent gives a machine its own keys and names, as often as it is woken',
  { timeout: 60_000 },
  async () => {
    const root = fakeRoot();
    const read = (path: string): string => readFileSync(join(root, path), 'utf8');
    const argv = ['python3', '-I', '-S', '-c', AGENT_PROGRAM, 'goldsmith', '', root, 'foreground'];
    const agent = startProcess(argv, { stdio: ['pipe', 'pipe', 'ignore'] });
    assert.ok(agent.stdin !== null && agent.stdout !== null);
    const channel = Duplex.from({ readable: agent.stdout, writable: agent.stdin });
    channel.write('noise before the first request, goldsmith-wake and half a header goldsmith-wake 0123');
    try {
      for (let life = 0; life < 3; life += 1) {
        const request = someRequest();
        const report = await wakeGuest(channel, request, AbortSignal.timeout(30_000));
        // What only the root of a machine has must be refused, not pretended.
        assert.deepEqual(
          unmetFacts(report).map(({ name, detail }) => [name, detail]),
          [
            ['entropy', 'Unable: not the root of a machine'],
            ['mac-address', 'Unable: not the root of a machine'],
            ['clock', 'Unable: not the root of a machine'],
            ['boot-id', 'Unable: not the root of a machine'],
            ['address', 'Unable: not the root of a machine'],
          ],
        );
        const [ed25519] = request.hostKeys;
        assert.equal(read('etc/ssh/ssh_host_ed25519_key'), ed25519?.privateKey);
        assert.equal(read('etc/ssh/ssh_host_ed25519_key.pub'), `${ed25519?.publicKey}\n`);
        assert.equal(existsSync(join(root, 'etc/ssh/ssh_host_ecdsa_key')), false);
        assert.equal(existsSync(join(root, 'etc/ssh/ssh_host_rsa_key')), false);
        assert.equal(read('etc/ssh/sshd_config'), 'UsePAM yes\n');
        assert.equal(read('home/goldsmith/.ssh/authorized_keys'), `${request.sshPublicKey}\n`);
        assert.equal(
          read('root/.ssh/authorized_keys'),
          `${command} ssh-ed25519 ${keyBlobOf(request.sshPublicKey)} first\n${own.publicKey}\n`,
        );
        assert.equal(read('etc/machine-id'), `${request.machineId}\n`);
        assert.equal(read('proc/sys/kernel/hostname').trim(), 'gs-0a1b2c3d');
        assert.equal(read('etc/hostname'), 'gs-0a1b2c3d\n');
        assert.equal(
          read('etc/hosts'),
          '127.0.0.1 localhost\n127.0.1.1 gs-0a1b2c3d.local gs-0a1b2c3d # gs-0a1b2c3d\n10.0.0.1 frozenpeas\n',
        );
      }
    } finally {
      const gone = hasEnded(agent) ? undefined : once(agent, 'exit');
      await endProcess(agent);
      await gone;
      channel.destroy();
      rmSync(root, { recursive: true, force: true });
    }
  },
);

test('OpenSSH reads the host keys that a copy is given', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'goldsmith-wake-'));
  try {
    for (const { type, privateKey, publicKey } of someRequest().hostKeys) {
      const path = join(folder, type);
      writeFileSync(path, privateKey, { mode: 0o600 });
      const { stdout } = await runCommand(['ssh-keygen', '-y', '-f', path]);
      assert.equal(keyBlobOf(stdout.trim()), keyBlobOf(publicKey));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
