/**
 * What a frame from the guest may do. Everything is refused that is not allowed by name: the guest is
 * hostile, and behind the relay stands a program (passt) that opens sockets on the host for it.
 *
 * Only plain IPv4 goes through: no options, no fragments, lengths that agree with each other, the guest's
 * own addresses as source, the gateway's MAC as target. So the fields judged here are the very fields
 * that passt reads.
 */
import {
  BROADCAST_MAC,
  ETHERNET_HEADER_BYTES,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  sourceMac,
  targetMac,
} from './ethernet.ts';
import {
  inBlock,
  IP,
  L4,
  parseBlock,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  type AddressBlock,
} from './ipv4.ts';
import { sourceAddress, sourcePort, targetAddress, targetPort } from './segments.ts';

/**
 * `arp`, `dhcp` and `dns` are for the relay to answer; `service` goes to a platform service on the host;
 * `gateway` is TCP to the gateway address, which only an open connection from the host may use;
 * `outside` may go to the network.
 */
export type FrameVerdict = 'drop' | 'arp' | 'dhcp' | 'dns' | 'service' | 'gateway' | 'outside';

export interface EgressPolicy {
  readonly guestMac: number;
  readonly guestAddress: number;
  readonly gatewayMac: number;
  readonly gatewayAddress: number;
  /** The guest's own subnet; nothing but the gateway lives there. */
  readonly segment: AddressBlock;
  /** Azure's platform address: DHCP, DNS, WireServer. */
  readonly platformAddress: number;
  isService(address: number, port: number): boolean;
  /** True for every address that the host itself answers to. */
  isHostAddress(address: number): boolean;
}

/** Every range that could mean the host, its neighbours on the wire or a cloud's metadata. */
const FORBIDDEN = [
  '0.0.0.0/8', // "this host": connecting to 0.0.0.0 reaches the loopback
  '127.0.0.0/8',
  '169.254.0.0/16', // link-local, where a cloud host finds its own credentials
  '168.63.129.16/32', // a host on Azure must not lend its own platform services
  '100.100.100.200/32', // metadata on Alibaba Cloud
  '192.0.0.0/24', // protocol assignments; metadata on Oracle Cloud
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
].map(parseBlock);

/** Judges `bytes[start, start + length)`. Pure and total: any bytes give a verdict. */
export function judgeGuestFrame(
  bytes: Buffer,
  start: number,
  length: number,
  policy: EgressPolicy,
): FrameVerdict {
  if (length < ETHERNET_HEADER_BYTES || sourceMac(bytes, start) !== policy.guestMac) return 'drop';
  const type = bytes.readUInt16BE(start + 12);
  if (type === ETHERTYPE_ARP) return 'arp';
  if (type !== ETHERTYPE_IPV4 || !isPlainIpv4(bytes, start, length)) return 'drop';
  const to = targetMac(bytes, start);
  const protocol = bytes.readUInt8(start + IP + 9);
  if (protocol === PROTOCOL_UDP && isDhcp(bytes, start, to, policy)) return 'dhcp';
  if (to !== policy.gatewayMac || sourceAddress(bytes, start) !== policy.guestAddress) return 'drop';
  const address = targetAddress(bytes, start);
  const port = protocol === PROTOCOL_ICMP ? 0 : targetPort(bytes, start);
  if (protocol === PROTOCOL_TCP) {
    if (policy.isService(address, port)) return 'service';
    if (address === policy.gatewayAddress) return 'gateway';
  }
  if (protocol === PROTOCOL_UDP && address === policy.platformAddress && port === 53) return 'dns';
  return isOutside(address, policy) ? 'outside' : 'drop';
}

/** Bytes of the frame that belong to its packet; what follows is padding and goes no further. */
export function frameBytes(bytes: Buffer, start: number): number {
  return IP + bytes.readUInt16BE(start + IP + 2);
}

function isOutside(address: number, policy: EgressPolicy): boolean {
  if (inBlock(address, policy.segment)) return false;
  return !FORBIDDEN.some((block) => inBlock(address, block)) && !policy.isHostAddress(address);
}

function isPlainIpv4(bytes: Buffer, start: number, length: number): boolean {
  if (length < L4 || bytes.readUInt8(start + IP) !== 0x45) return false;
  const total = bytes.readUInt16BE(start + IP + 2);
  if (IP + total > length) return false;
  // More-fragments flag, reserved flag or an offset: a piece of a packet, whose ports cannot be judged.
  if ((bytes.readUInt16BE(start + IP + 6) & 0xbfff) !== 0) return false;
  const payload = total - 20;
  switch (bytes.readUInt8(start + IP + 9)) {
    case PROTOCOL_TCP: {
      if (payload < 20) return false;
      const headerBytes = (bytes.readUInt8(start + L4 + 12) >>> 4) * 4;
      return headerBytes >= 20 && headerBytes <= payload;
    }
    case PROTOCOL_UDP:
      return payload >= 8 && bytes.readUInt16BE(start + L4 + 4) === payload;
    case PROTOCOL_ICMP:
      return payload >= 8 && bytes.readUInt16BE(start + L4) === 0x0800; // echo request only
    default:
      return false;
  }
}

function isDhcp(bytes: Buffer, start: number, to: number, policy: EgressPolicy): boolean {
  if (sourcePort(bytes, start) !== 68 || targetPort(bytes, start) !== 67) return false;
  if (to !== BROADCAST_MAC && to !== policy.gatewayMac) return false;
  const from = sourceAddress(bytes, start);
  const address = targetAddress(bytes, start);
  return (
    (from === 0 || from === policy.guestAddress) &&
    (address === 0xffffffff || address === policy.platformAddress || address === policy.gatewayAddress)
  );
}
