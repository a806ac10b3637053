/**
 * TCP connections from the host into the guest. passt accepts them on one loopback port and opens each
 * towards the guest from the gateway address, keeping the client's port; that port names the flow here.
 *
 * Only flows that `expect` announced pass: another program on the host that finds the loopback port
 * gets nowhere, and the guest can answer on such a flow but never open one. The guest's port is chosen
 * per flow, by rewriting the one port that passt forwards to.
 */
import { IP } from './ipv4.ts';
import { ACK, disguiseSource, redirectTarget, RST, SYN } from './segments.ts';
import { sourceAddress, sourcePort, targetAddress, targetPort, tcpFlags } from './segments.ts';

/** The guest port that passt believes it forwards to. */
export const FORWARDED_PORT = 22;

export type FlowOutcome = 'open' | 'refused';

interface Flow {
  readonly guestPort: number;
  readonly settle: (outcome: FlowOutcome) => void;
  /** passt has acknowledged the guest's SYN; from here on a SYN from the guest is a forgery. */
  established: boolean;
  /** The host's end is closed: the flow stays only for the last few segments. */
  closed: boolean;
}

const MAX_HELD = 16;
const MAX_FLOWS = 256;

export class InboundFlows {
  readonly #flows = new Map<number, Flow>();
  /** First segments that came before their flow was announced, by client port. */
  readonly #held = new Map<number, Buffer>();
  readonly #deliver: (frame: Buffer) => void;

  /** `deliver` sends a frame to the guest. */
  constructor(deliver: (frame: Buffer) => void) {
    this.#deliver = deliver;
  }

  /**
   * Announces the connection that the host opened from `clientPort`, meant for `guestPort`.
   * `outcome` settles when the guest accepts or refuses; it stays open when the guest is silent.
   */
  expect(clientPort: number, guestPort: number): { outcome: Promise<FlowOutcome>; close: () => void } {
    const { promise, resolve } = Promise.withResolvers<FlowOutcome>();
    const flow: Flow = { guestPort, settle: resolve, established: false, closed: false };
    this.#forgetClosed();
    this.#flows.delete(clientPort);
    this.#flows.set(clientPort, flow);
    const held = this.#held.get(clientPort);
    if (held !== undefined) {
      this.#held.delete(clientPort);
      redirectTarget(held, 0, targetAddress(held, 0), guestPort);
      this.#deliver(held);
    }
    return {
      outcome: promise,
      close: () => {
        flow.closed = true;
      },
    };
  }

  /** Judges a TCP frame from passt whose source is the gateway address; true lets it pass to the guest. */
  fromHost(bytes: Buffer, start: number): boolean {
    const clientPort = sourcePort(bytes, start);
    const flags = tcpFlags(bytes, start);
    const flow = this.#flows.get(clientPort);
    const opening = (flags & (SYN | ACK)) === SYN;
    if (flow === undefined || (opening && flow.established)) {
      if (opening) this.#hold(clientPort, bytes, start);
      return false;
    }
    if ((flags & SYN) === 0) flow.established = true;
    if ((flags & RST) !== 0) this.#forget(clientPort, flow);
    redirectTarget(bytes, start, targetAddress(bytes, start), flow.guestPort);
    return true;
  }

  /** Judges a TCP frame from the guest to the gateway address; true lets it pass to passt. */
  fromGuest(bytes: Buffer, start: number): boolean {
    const clientPort = targetPort(bytes, start);
    const flow = this.#flows.get(clientPort);
    if (flow === undefined || flow.guestPort !== sourcePort(bytes, start)) return false;
    const flags = tcpFlags(bytes, start);
    if ((flags & SYN) !== 0) {
      if ((flags & ACK) === 0 || flow.established) return false;
      flow.settle('open');
    }
    if ((flags & RST) !== 0) this.#forget(clientPort, flow);
    disguiseSource(bytes, start, sourceAddress(bytes, start), FORWARDED_PORT);
    return true;
  }

  #forget(clientPort: number, flow: Flow): void {
    flow.settle('refused');
    this.#flows.delete(clientPort);
  }

  /** Keeps a copy of a first segment until its flow is announced; the oldest gives way. */
  #hold(clientPort: number, bytes: Buffer, start: number): void {
    if (this.#held.size >= MAX_HELD) {
      const [oldest] = this.#held.keys();
      if (oldest !== undefined) this.#held.delete(oldest);
    }
    const length = IP + bytes.readUInt16BE(start + IP + 2);
    this.#held.set(clientPort, Buffer.from(bytes.subarray(start, start + length)));
  }

  #forgetClosed(): void {
    if (this.#flows.size < MAX_FLOWS) return;
    for (const [clientPort, flow] of this.#flows) {
      if (!flow.closed) continue;
      this.#flows.delete(clientPort);
      return;
    }
  }
}
