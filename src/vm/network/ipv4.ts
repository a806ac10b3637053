/**
 * IPv4 as numbers: addresses are unsigned 32-bit integers, headers are read and changed in place.
 * RFC 791 (header), RFC 1071 (checksum), RFC 1624 (changing a checksum without summing again).
 */

/** Offsets from the start of an Ethernet frame that carries IPv4 without options. */
export const IP = 14;
export const L4 = IP + 20;

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;

/** A block of addresses, for example 10.0.0.0/8. */
export interface AddressBlock {
  readonly base: number;
  readonly mask: number;
}

/**
 * Dotted decimal to an unsigned integer.
 * @throws RangeError when `text` is not four decimal octets.
 */
export function parseIpv4(text: string): number {
  const octets = text.split('.').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  if (octets.length !== 4 || octets.some((octet) => octet > 255)) {
    throw new RangeError(`"${text}" is not an IPv4 address`);
  }
  return octets.reduce((value, octet) => value * 256 + octet, 0);
}

export function formatIpv4(address: number): string {
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join('.');
}

/** Parses `10.0.0.0/8`. */
export function parseBlock(text: string): AddressBlock {
  const [address = '', bits = '32'] = text.split('/');
  const mask = Number(bits) === 0 ? 0 : (-1 << (32 - Number(bits))) >>> 0;
  return { base: (parseIpv4(address) & mask) >>> 0, mask };
}

export function inBlock(address: number, block: AddressBlock): boolean {
  return (address & block.mask) >>> 0 === block.base;
}

/** RFC 1071 checksum of `bytes[start, end)`, added to `initial` (an unfolded sum of 16-bit words). */
export function internetChecksum(bytes: Buffer, start: number, end: number, initial = 0): number {
  let sum = initial;
  let at = start;
  for (; at + 1 < end; at += 2) sum += bytes.readUInt16BE(at);
  if (at < end) sum += bytes.readUInt8(at) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** RFC 1624, equation 3: the checksum after one 16-bit word changed from `before` to `after`. */
export function adjustChecksum(checksum: number, before: number, after: number): number {
  let sum = (~checksum & 0xffff) + (~before & 0xffff) + after;
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The part of a TCP or UDP checksum that covers addresses, protocol and length, unfolded. */
export function pseudoHeaderSum(source: number, target: number, protocol: number, length: number): number {
  return (source >>> 16) + (source & 0xffff) + (target >>> 16) + (target & 0xffff) + protocol + length;
}

/** Writes a 20-byte header in front of `payloadBytes` bytes, "don't fragment" set. */
export function writeIpv4Header(
  frame: Buffer,
  header: { source: number; target: number; protocol: number; payloadBytes: number },
): void {
  frame.writeUInt16BE(0x4500, IP);
  frame.writeUInt16BE(20 + header.payloadBytes, IP + 2);
  frame.writeUInt32BE(0x00004000, IP + 4);
  frame.writeUInt16BE((64 << 8) | header.protocol, IP + 8);
  frame.writeUInt16BE(0, IP + 10);
  frame.writeUInt32BE(header.source, IP + 12);
  frame.writeUInt32BE(header.target, IP + 16);
  frame.writeUInt16BE(internetChecksum(frame, IP, L4), IP + 10);
}
