/**
 * passt, the user-mode network of the passt project: frames on one side, ordinary sockets of the host on
 * the other. It gets its side of the wire as an inherited descriptor, so there is no socket file, and it
 * ends by itself when our side closes, whatever happens to this process.
 */
import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { Duplex } from 'node:stream';
import { asBuildUser, type BuildUser } from '../../host/build-user.ts';
import { endProcess, startProcess } from '../../host/command.ts';
import { GoldsmithError } from '../../model/errors.ts';
import { ARP_REPLY, ARP_REQUEST, buildArp, ETHERTYPE_ARP, readArp } from './ethernet.ts';
import { FrameSplitter, writeFrame } from './frame-stream.ts';
import { FORWARDED_PORT } from './inbound-flows.ts';
import { formatIpv4 } from './ipv4.ts';

export interface PasstOptions {
  readonly user: BuildUser;
  readonly guestMac: number;
  readonly guestAddress: number;
  readonly gatewayMac: number;
  readonly gatewayAddress: number;
  readonly prefixBits: number;
  readonly mtu: number;
}

export interface Passt extends AsyncDisposable {
  readonly pid: number;
  /** Frames, each behind a 4-byte length. Paused until someone reads. */
  readonly link: Duplex;
  /** Where passt takes connections for the guest's `FORWARDED_PORT`. */
  readonly listener: { readonly host: string; readonly port: number };
  /** Resolves with what passt said last, when it is gone. */
  readonly ended: Promise<string>;
}

const START_WITHIN_MS = 15_000;
const KEPT_WORDS = 2000;
const LISTENER_TRIES = 4;

/**
 * Starts passt and waits until it answers on the wire.
 * @throws GoldsmithError `HostNotReady` when it cannot run here, `Cancelled`.
 */
export async function startPasst(options: PasstOptions, signal: AbortSignal): Promise<Passt> {
  for (let attempt = 1; ; attempt += 1) {
    // A random address of 127.0.0.0/8 and a port below the ephemeral ones: a clash is next to impossible,
    // and is tried again.
    const listener = {
      host: `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`,
      port: randomInt(20_000, 32_000),
    };
    const passt = spawnPasst(options, listener);
    try {
      await answersArp(passt, options, signal);
      return passt;
    } catch (error) {
      await passt[Symbol.asyncDispose]();
      if (signal.aborted) {
        throw new GoldsmithError('Cancelled', 'Starting the network was cancelled', { cause: signal.reason });
      }
      const words = await passt.ended;
      if (attempt < LISTENER_TRIES && /bind/i.test(words)) continue;
      throw new GoldsmithError('HostNotReady', `The user-mode network (passt) did not start: ${words}`, {
        cause: error,
        hint: 'Install the package "passt"; it needs user namespaces and a default route on this machine.',
      });
    }
  }
}

function spawnPasst(options: PasstOptions, listener: Passt['listener']): Passt {
  const child = startProcess(asBuildUser(options.user, passtArguments(options, listener)), {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    cwd: '/',
  });
  const link = child.stdio[3];
  if (!(link instanceof Duplex)) throw new TypeError('the extra pipe is not a duplex stream');
  link.on('error', () => undefined); // the end of the process tells more
  return {
    pid: child.pid ?? -1,
    link,
    listener,
    ended: lastWords(child),
    async [Symbol.asyncDispose]() {
      link.destroy();
      await endProcess(child);
    },
  };
}

function passtArguments(options: PasstOptions, listener: Passt['listener']): readonly string[] {
  const mac = options.gatewayMac
    .toString(16)
    .padStart(12, '0')
    .replaceAll(/(..)(?=.)/g, '$1:');
  return [
    'passt',
    '--foreground',
    '--stderr',
    '--quiet',
    '--ipv4-only',
    ...['--fd', '3'],
    ...['--address', formatIpv4(options.guestAddress)],
    ...['--netmask', String(options.prefixBits)],
    ...['--gateway', formatIpv4(options.gatewayAddress)],
    ...['--mac-addr', mac],
    ...['--mtu', String(options.mtu)],
    '--no-dhcp',
    ...['--udp-ports', 'none'],
    ...['--tcp-ports', `${listener.host}/${listener.port}:${FORWARDED_PORT}`],
  ];
}

/** passt has bound its listener and reads the wire once it answers an ARP request for the gateway. */
async function answersArp(passt: Passt, options: PasstOptions, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const splitter = new FrameSplitter((bytes, start, length) => {
    if (length < 14 || bytes.readUInt16BE(start + 12) !== ETHERTYPE_ARP) return 0;
    const arp = readArp(bytes, start, length);
    if (arp?.operation === ARP_REPLY && arp.senderAddress === options.gatewayAddress) resolve();
    return 0;
  });
  const onData = (chunk: Buffer): void => {
    if (!splitter.push(chunk, () => undefined)) reject(new Error('passt does not speak in frames'));
  };
  const limit = AbortSignal.any([signal, AbortSignal.timeout(START_WITHIN_MS)]);
  const onAbort = (): void => reject(new Error('passt did not answer', { cause: limit.reason }));
  limit.addEventListener('abort', onAbort, { once: true });
  if (limit.aborted) onAbort();
  void passt.ended.then((words) => reject(new Error(words)));
  passt.link.on('data', onData);
  writeFrame(
    passt.link,
    buildArp({
      operation: ARP_REQUEST,
      senderMac: options.guestMac,
      senderAddress: options.guestAddress,
      targetMac: 0,
      targetAddress: options.gatewayAddress,
    }),
  );
  try {
    await promise;
  } finally {
    limit.removeEventListener('abort', onAbort);
    passt.link.off('data', onData);
    passt.link.pause();
  }
}

/** Collects the end of what the program says; resolves when it is gone or could not be started. */
function lastWords(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    // Without a system logger passt complains about that once for every line it writes.
    words = (words + chunk.toString('utf8').replaceAll(/Failed to send \d+ bytes to syslog\n?/g, '')).slice(
      -KEPT_WORDS,
    );
  });
  child.once('error', (error) => resolve(error.message));
  child.once('close', (code, signalName) => {
    resolve(words.trim() === '' ? `ended with ${signalName ?? `exit code ${code}`}` : words.trim());
  });
  return promise;
}
