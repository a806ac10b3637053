/**
 * Learns whether a port of the guest accepts connections, with segments of our own: a SYN is answered
 * with SYN-ACK (then the half-open connection is reset and no program in the guest ever sees it) or with
 * RST. passt cannot tell: its end of a connection looks accepted before the guest was even asked.
 */
import { L4 } from './ipv4.ts';
import { ACK, buildTcp, RST, sourcePort, SYN, targetPort, tcpFlags, type Ends } from './segments.ts';

export type PortState = 'open' | 'refused';

/** Client ports of probes: below every ephemeral port, so they never meet a real connection. */
const FIRST_PORT = 600;
const LAST_PORT = 1023;
/** A SYN into silence (no driver yet, a stopped guest) is sent again after this time. */
const RETRANSMIT_MS = 200;

interface Probe {
  readonly guestPort: number;
  readonly sequence: number;
  readonly settle: (state: PortState) => void;
}

export class PortProber {
  readonly #probes = new Map<number, Probe>();
  readonly #send: (frame: Buffer) => void;
  readonly #ends: Omit<Ends, 'sourcePort' | 'targetPort'>;
  #nextPort = FIRST_PORT;

  /** `send` puts a frame on the guest's wire; `ends` go from the gateway to the guest. */
  constructor(send: (frame: Buffer) => void, ends: Omit<Ends, 'sourcePort' | 'targetPort'>) {
    this.#send = send;
    this.#ends = ends;
  }

  /** True for the ports that `receive` wants to see. */
  static isProbePort(port: number): boolean {
    return port >= FIRST_PORT && port <= LAST_PORT;
  }

  /** Asks until the guest answers. @throws the reason of `signal` when that fires first. */
  async probe(guestPort: number, signal: AbortSignal): Promise<PortState> {
    signal.throwIfAborted();
    const clientPort = this.#takePort();
    const sequence = Math.floor(Math.random() * 0x100000000);
    const { promise, resolve, reject } = Promise.withResolvers<PortState>();
    const syn = this.#segment(clientPort, guestPort, SYN, sequence);
    const onAbort = (): void => {
      reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    };
    const timer = setInterval(() => this.#send(syn), RETRANSMIT_MS);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#probes.set(clientPort, { guestPort, sequence, settle: resolve });
    this.#send(syn);
    try {
      return await promise;
    } finally {
      clearInterval(timer);
      signal.removeEventListener('abort', onAbort);
      this.#probes.delete(clientPort);
    }
  }

  /** Takes a TCP frame from the guest to the gateway's port range for probes. */
  receive(bytes: Buffer, start: number): void {
    const probe = this.#probes.get(targetPort(bytes, start));
    if (probe === undefined || probe.guestPort !== sourcePort(bytes, start)) return;
    const acknowledged = bytes.readUInt32BE(start + L4 + 8);
    if (acknowledged !== (probe.sequence + 1) >>> 0) return;
    const flags = tcpFlags(bytes, start);
    if ((flags & RST) !== 0) {
      probe.settle('refused');
    } else if ((flags & (SYN | ACK)) === (SYN | ACK)) {
      this.#send(this.#segment(targetPort(bytes, start), probe.guestPort, RST, acknowledged));
      probe.settle('open');
    }
  }

  #takePort(): number {
    for (let tries = FIRST_PORT; tries <= LAST_PORT; tries += 1) {
      const port = this.#nextPort;
      this.#nextPort = port === LAST_PORT ? FIRST_PORT : port + 1;
      if (!this.#probes.has(port)) return port;
    }
    throw new RangeError('Too many probes at once');
  }

  #segment(clientPort: number, guestPort: number, flags: number, sequence: number): Buffer {
    return buildTcp(
      { ...this.#ends, sourcePort: clientPort, targetPort: guestPort },
      { flags, sequence, acknowledgement: 0 },
    );
  }
}
