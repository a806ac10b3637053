/**
 * Keeps passt from flooding its own socket. passt sends as much as the guest's window allows in one go,
 * drops what its socket buffer (about 200 KiB) cannot take, and sends a whole window again for every
 * duplicate acknowledgement, which brings forth more duplicates: a storm that multiplies the traffic.
 *
 * So each connection's window, as passt sees it, is held below that buffer, and acknowledgements that
 * repeat the last one are dropped; on a wire without loss they say nothing. The wide world is not
 * affected: passt ends the guest's connections and opens its own, with the host's windows.
 */
import { L4 } from './ipv4.ts';
import {
  ACK,
  FIN,
  replaceWindow,
  RST,
  sourcePort,
  SYN,
  targetAddress,
  targetPort,
  tcpDataBytes,
  tcpFlags,
  windowShift,
} from './segments.ts';

/** Largest window of one connection that passt gets to see. */
const MAX_WINDOW_BYTES = 64 * 1024;
/** Connections remembered; the oldest are forgotten first and then pass unpaced. */
const MAX_CONNECTIONS = 4096;

interface Connection {
  readonly remoteAddress: number;
  readonly shift: number;
  sequence: number;
  acknowledgement: number;
  window: number;
}

export class SenderPacer {
  /** By both ports; the address is checked, and a clash only goes unpaced. */
  readonly #connections = new Map<number, Connection>();

  /** Looks at a TCP segment from the guest, lowering its window in place. @returns false when it says nothing new. */
  admit(bytes: Buffer, start: number): boolean {
    const key = sourcePort(bytes, start) * 0x10000 + targetPort(bytes, start);
    const flags = tcpFlags(bytes, start);
    if ((flags & SYN) !== 0) {
      this.#remember(key, bytes, start);
      return true;
    }
    const connection = this.#connections.get(key);
    if (connection?.remoteAddress !== targetAddress(bytes, start)) return true;
    if ((flags & (RST | FIN)) !== 0) {
      // Once the guest has closed its side, passt goes on sending only when something arrives: hold nothing back.
      this.#connections.delete(key);
      return true;
    }
    const window = Math.min(bytes.readUInt16BE(start + L4 + 14), MAX_WINDOW_BYTES >>> connection.shift);
    replaceWindow(bytes, start, window);
    const sequence = bytes.readUInt32BE(start + L4 + 4);
    const acknowledgement = bytes.readUInt32BE(start + L4 + 8);
    const repeats =
      flags === ACK &&
      connection.acknowledgement === acknowledgement &&
      connection.window === window &&
      connection.sequence === sequence &&
      tcpDataBytes(bytes, start) === 0;
    connection.sequence = sequence;
    connection.acknowledgement = acknowledgement;
    connection.window = window;
    return !repeats;
  }

  #remember(key: number, bytes: Buffer, start: number): void {
    if (this.#connections.size >= MAX_CONNECTIONS && !this.#connections.has(key)) {
      const [oldest] = this.#connections.keys();
      if (oldest !== undefined) this.#connections.delete(oldest);
    }
    this.#connections.set(key, {
      remoteAddress: targetAddress(bytes, start),
      shift: windowShift(bytes, start),
      sequence: -1,
      acknowledgement: -1,
      window: -1,
    });
  }
}
