/** Opens the one SSH connection of a build over a byte stream that somebody else made. */
import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import { GoldsmithError } from '../../model/errors.ts';
import type { GuestShell } from '../guest-shell.ts';
import { connectionError, failureOf } from './connection-failure.ts';
import { SshShell } from './ssh-shell.ts';

export interface SshConnectOptions {
  /** Connected to the guest's SSH port; owned by the shell from now on, destroyed on failure. */
  readonly stream: Duplex;
  readonly userName: string;
  /** OpenSSH private key. */
  readonly privateKey: string;
  readonly signal: AbortSignal;
  /** Decides about the guest's host key (the raw public key blob). Default: the first key seen is trusted. */
  readonly hostKey?: (blob: Buffer) => boolean;
  readonly keepalive?: Keepalive;
}

/** A guest is given up after `intervalMs * misses` without an answer. */
export interface Keepalive {
  readonly intervalMs: number;
  readonly misses: number;
}

/**
 * Five minutes of silence. An emulated guest under load may not schedule its SSH server for a minute or
 * more; a machine that died is noticed by its hypervisor and arrives here as `signal`.
 */
const PATIENT: Keepalive = { intervalMs: 30_000, misses: 10 };

/**
 * Cheap first: a handshake under emulation costs seconds. The rest is there for guests with a narrower
 * configuration, for example one set by a crypto policy.
 */
const ALGORITHMS: ssh2.Algorithms = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group14-sha256',
    'diffie-hellman-group16-sha512',
  ],
  serverHostKey: [
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'rsa-sha2-512',
    'rsa-sha2-256',
  ],
  cipher: [
    'aes128-gcm@openssh.com',
    'chacha20-poly1305@openssh.com',
    'aes256-gcm@openssh.com',
    'aes128-ctr',
    'aes256-ctr',
  ],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
};

/**
 * Waits for the server's banner, shakes hands and logs in. There is no time limit of its own: the banner
 * is an event, and a machine that never boots ends by `signal`.
 * @throws GoldsmithError `Cancelled`, or `GuestUnreachable` (`connectionFailureOf` tells which way).
 */
export async function connectSsh(options: SshConnectOptions): Promise<GuestShell> {
  const { stream, signal } = options;
  const keepalive = options.keepalive ?? PATIENT;
  const client = new ssh2.Client();
  const abort = (): void => {
    stream.destroy();
  };
  try {
    if (signal.aborted) throw cancelled(signal);
    signal.addEventListener('abort', abort, { once: true });
    await new Promise<void>((resolve, reject) => {
      const failed = (error: Error & { level?: string }): void =>
        reject(signal.aborted ? cancelled(signal) : connectionError(failureOf(error), 'at login', error));
      client.on('error', failed);
      client.once('ready', resolve);
      client.once('end', () => failed(new LostBeforeLogin()));
      client.once('close', () => failed(new LostBeforeLogin()));
      client.connect({
        sock: stream,
        username: options.userName,
        privateKey: options.privateKey,
        algorithms: ALGORITHMS,
        authHandler: ['publickey'], // without asking first which ways there are: that is an answer more to wait for
        readyTimeout: 0,
        keepaliveInterval: keepalive.intervalMs,
        keepaliveCountMax: keepalive.misses,
        hostVerifier: (blob: Buffer) => options.hostKey?.(blob) ?? true,
      });
    });
    return new SshShell(client, stream, options.userName);
  } catch (error) {
    client.on('error', () => undefined); // the stream's end may still be reported; it is no news
    client.end();
    stream.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

class LostBeforeLogin extends Error {
  readonly level = 'client-socket';
  constructor() {
    super('the stream ended before the login');
  }
}

function cancelled(signal: AbortSignal): GoldsmithError {
  return new GoldsmithError('Cancelled', 'Connecting to the build VM was cancelled', {
    cause: signal.reason,
  });
}
