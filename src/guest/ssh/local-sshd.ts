/** For tests: a real OpenSSH server on a pair of pipes, one process per connection (`sshd -i`). */
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { endProcess, hasEnded, runCommand, startProcess } from '../../host/command.ts';
import type { GuestShell } from '../guest-shell.ts';
import { connectSsh, type SshConnectOptions } from './connect.ts';
import { generateSshKeyPair } from './key-pair.ts';

export interface LocalSshd extends AsyncDisposable {
  readonly userName: string;
  readonly folder: string;
  /** A new connection to the server, not yet spoken on. */
  dial(): Duplex;
  connect(overrides?: Partial<SshConnectOptions>): Promise<GuestShell>;
}

/** Prepares keys and configuration in a temporary folder; programs start with `dial`. */
export async function startLocalSshd(): Promise<LocalSshd> {
  const folder = mkdtempSync(join(tmpdir(), 'goldsmith-sshd-'));
  chmodSync(folder, 0o755);
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 }); // privilege separation of a root sshd
  const userName = userInfo().username;
  const pair = generateSshKeyPair();
  writeFileSync(join(folder, 'authorized_keys'), `${pair.publicKey}\n`, { mode: 0o600 });
  await runCommand(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'host_key')]);
  const config = [
    `HostKey ${folder}/host_key`,
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin yes',
    'StrictModes no',
    'UsePAM no',
    'PidFile none',
    'LogLevel ERROR',
  ];
  writeFileSync(join(folder, 'sshd_config'), `${config.join('\n')}\n`);
  const children: ReturnType<typeof startProcess>[] = [];
  const dial = (): Duplex => {
    const argv = ['/usr/sbin/sshd', '-i', '-e', '-f', join(folder, 'sshd_config')];
    const child = startProcess(argv, { stdio: ['pipe', 'pipe', 'ignore'] });
    children.push(child);
    if (child.stdin === null || child.stdout === null) throw new Error('sshd has no pipes');
    child.stdin.on('error', () => undefined);
    return Duplex.from({ readable: child.stdout, writable: child.stdin });
  };
  return {
    userName,
    folder,
    dial,
    connect: async (overrides = {}) =>
      connectSsh({
        stream: overrides.stream ?? dial(),
        userName,
        privateKey: pair.privateKey,
        signal: AbortSignal.timeout(60_000),
        ...overrides,
      }),
    [Symbol.asyncDispose]: async () => {
      for (const child of children) {
        if (hasEnded(child)) continue;
        const gone = once(child, 'exit');
        await endProcess(child);
        if (!hasEnded(child)) await gone;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
