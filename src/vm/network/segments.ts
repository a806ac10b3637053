/** TCP segments (RFC 9293) and UDP datagrams (RFC 768) inside Ethernet frames: reading, making, redirecting. */
import { ETHERTYPE_IPV4, writeEthernetHeader } from './ethernet.ts';
import {
  adjustChecksum,
  internetChecksum,
  IP,
  L4,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  pseudoHeaderSum,
  writeIpv4Header,
} from './ipv4.ts';

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const ACK = 0x10;

const UDP_HEADER_BYTES = 8;
const TCP_HEADER_BYTES = 20;

/** The two ends of one packet. */
export interface Ends {
  readonly sourceMac: number;
  readonly sourceAddress: number;
  readonly sourcePort: number;
  readonly targetMac: number;
  readonly targetAddress: number;
  readonly targetPort: number;
}

export function sourceAddress(frame: Buffer, start: number): number {
  return frame.readUInt32BE(start + IP + 12);
}

export function targetAddress(frame: Buffer, start: number): number {
  return frame.readUInt32BE(start + IP + 16);
}

export function sourcePort(frame: Buffer, start: number): number {
  return frame.readUInt16BE(start + L4);
}

export function targetPort(frame: Buffer, start: number): number {
  return frame.readUInt16BE(start + L4 + 2);
}

export function tcpFlags(frame: Buffer, start: number): number {
  return frame.readUInt8(start + L4 + 13);
}

/** Payload of the UDP datagram in a frame whose lengths were checked before. */
export function udpPayload(frame: Buffer, start: number): Buffer {
  const end = start + L4 + frame.readUInt16BE(start + L4 + 4);
  return frame.subarray(start + L4 + UDP_HEADER_BYTES, end);
}

export function buildUdp(ends: Ends, payload: Uint8Array): Buffer {
  const length = UDP_HEADER_BYTES + payload.length;
  const frame = frameFor(ends, PROTOCOL_UDP, length);
  frame.writeUInt16BE(length, L4 + 4);
  frame.set(payload, L4 + UDP_HEADER_BYTES);
  // Zero means "no checksum", so a sum of zero is sent as its other form (RFC 768).
  frame.writeUInt16BE(transportChecksum(frame, ends, PROTOCOL_UDP, length) || 0xffff, L4 + 6);
  return frame;
}

/** A segment without data or options. */
export function buildTcp(
  ends: Ends,
  segment: { readonly flags: number; readonly sequence: number; readonly acknowledgement: number },
): Buffer {
  const frame = frameFor(ends, PROTOCOL_TCP, TCP_HEADER_BYTES);
  frame.writeUInt32BE(segment.sequence, L4 + 4);
  frame.writeUInt32BE(segment.acknowledgement, L4 + 8);
  frame.writeUInt8((TCP_HEADER_BYTES / 4) << 4, L4 + 12);
  frame.writeUInt8(segment.flags, L4 + 13);
  frame.writeUInt16BE(0xffff, L4 + 14);
  frame.writeUInt16BE(transportChecksum(frame, ends, PROTOCOL_TCP, TCP_HEADER_BYTES), L4 + 16);
  return frame;
}

/** Sends the TCP segment at `start` to another address and port; both checksums stay right. */
export function redirectTarget(frame: Buffer, start: number, address: number, port: number): void {
  replaceAddress(frame, start, start + IP + 16, address);
  replacePort(frame, start, start + L4 + 2, port);
}

/** Makes the TCP segment at `start` come from another address and port; both checksums stay right. */
export function disguiseSource(frame: Buffer, start: number, address: number, port: number): void {
  replaceAddress(frame, start, start + IP + 12, address);
  replacePort(frame, start, start + L4, port);
}

/** Bytes of data in the TCP segment at `start`, whose lengths were checked before. */
export function tcpDataBytes(frame: Buffer, start: number): number {
  return frame.readUInt16BE(start + IP + 2) - 20 - tcpHeaderBytes(frame, start);
}

/** The shift of the window scale option (RFC 7323, section 2) in a SYN; 0 when there is none. */
export function windowShift(frame: Buffer, start: number): number {
  const end = start + L4 + tcpHeaderBytes(frame, start);
  let at = start + L4 + TCP_HEADER_BYTES;
  while (at + 1 < end) {
    const kind = frame.readUInt8(at);
    if (kind === 0) return 0;
    const length = kind === 1 ? 1 : frame.readUInt8(at + 1);
    if (length === 0 || at + length > end) return 0;
    if (kind === 3 && length === 3) return Math.min(frame.readUInt8(at + 2), 14);
    at += length;
  }
  return 0;
}

/** Replaces the advertised window; the checksum stays right. */
export function replaceWindow(frame: Buffer, start: number, window: number): void {
  const before = frame.readUInt16BE(start + L4 + 14);
  frame.writeUInt16BE(window, start + L4 + 14);
  adjustAt(frame, start + L4 + 16, before, window);
}

function tcpHeaderBytes(frame: Buffer, start: number): number {
  return (frame.readUInt8(start + L4 + 12) >>> 4) * 4;
}

function replaceAddress(frame: Buffer, start: number, at: number, address: number): void {
  for (const [offset, word] of [
    [0, address >>> 16],
    [2, address & 0xffff],
  ] as const) {
    const before = frame.readUInt16BE(at + offset);
    frame.writeUInt16BE(word, at + offset);
    adjustAt(frame, start + IP + 10, before, word);
    adjustAt(frame, start + L4 + 16, before, word);
  }
}

function replacePort(frame: Buffer, start: number, at: number, port: number): void {
  const before = frame.readUInt16BE(at);
  frame.writeUInt16BE(port, at);
  adjustAt(frame, start + L4 + 16, before, port);
}

function adjustAt(frame: Buffer, at: number, before: number, after: number): void {
  frame.writeUInt16BE(adjustChecksum(frame.readUInt16BE(at), before, after), at);
}

function frameFor(ends: Ends, protocol: number, payloadBytes: number): Buffer {
  const frame = Buffer.alloc(L4 + payloadBytes);
  writeEthernetHeader(frame, ends.targetMac, ends.sourceMac, ETHERTYPE_IPV4);
  writeIpv4Header(frame, {
    source: ends.sourceAddress,
    target: ends.targetAddress,
    protocol,
    payloadBytes,
  });
  frame.writeUInt16BE(ends.sourcePort, L4);
  frame.writeUInt16BE(ends.targetPort, L4 + 2);
  return frame;
}

function transportChecksum(frame: Buffer, ends: Ends, protocol: number, length: number): number {
  const pseudo = pseudoHeaderSum(ends.sourceAddress, ends.targetAddress, protocol, length);
  return internetChecksum(frame, L4, L4 + length, pseudo);
}
