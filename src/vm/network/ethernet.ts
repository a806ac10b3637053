/** Ethernet II frames and ARP (RFC 826). MAC addresses are 48-bit numbers inside this folder. */

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const BROADCAST_MAC = 0xffffffffffff;
export const ETHERNET_HEADER_BYTES = 14;
const ARP_BYTES = 28;

/**
 * Parses `52:54:00:12:34:56`.
 * @throws RangeError when `text` is not six colon-separated hexadecimal bytes.
 */
export function parseMac(text: string): number {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) throw new RangeError(`"${text}" is not a MAC address`);
  return Number.parseInt(text.replaceAll(':', ''), 16);
}

export function targetMac(frame: Buffer, start: number): number {
  return frame.readUIntBE(start, 6);
}

export function sourceMac(frame: Buffer, start: number): number {
  return frame.readUIntBE(start + 6, 6);
}

export function writeEthernetHeader(frame: Buffer, target: number, source: number, type: number): void {
  frame.writeUIntBE(target, 0, 6);
  frame.writeUIntBE(source, 6, 6);
  frame.writeUInt16BE(type, 12);
}

export interface ArpPacket {
  readonly operation: number;
  readonly senderMac: number;
  readonly senderAddress: number;
  readonly targetAddress: number;
}

export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;

/** Reads an ARP packet for IPv4 over Ethernet; undefined when it is anything else. */
export function readArp(frame: Buffer, start: number, length: number): ArpPacket | undefined {
  const arp = start + ETHERNET_HEADER_BYTES;
  if (length < ETHERNET_HEADER_BYTES + ARP_BYTES) return undefined;
  // Hardware type 1 (Ethernet), protocol IPv4, address lengths 6 and 4.
  if (frame.readUInt32BE(arp) !== 0x00010800 || frame.readUInt16BE(arp + 4) !== 0x0604) return undefined;
  return {
    operation: frame.readUInt16BE(arp + 6),
    senderMac: frame.readUIntBE(arp + 8, 6),
    senderAddress: frame.readUInt32BE(arp + 14),
    targetAddress: frame.readUInt32BE(arp + 24),
  };
}

/** Builds an ARP frame; a request goes to everyone, a reply to `targetMac`. */
export function buildArp(packet: ArpPacket & { readonly targetMac: number }): Buffer {
  const frame = Buffer.alloc(ETHERNET_HEADER_BYTES + ARP_BYTES);
  const everyone = packet.operation === ARP_REQUEST;
  writeEthernetHeader(frame, everyone ? BROADCAST_MAC : packet.targetMac, packet.senderMac, ETHERTYPE_ARP);
  frame.writeUInt32BE(0x00010800, 14);
  frame.writeUInt16BE(0x0604, 18);
  frame.writeUInt16BE(packet.operation, 20);
  frame.writeUIntBE(packet.senderMac, 22, 6);
  frame.writeUInt32BE(packet.senderAddress, 28);
  frame.writeUIntBE(everyone ? 0 : packet.targetMac, 32, 6);
  frame.writeUInt32BE(packet.targetAddress, 38);
  return frame;
}
