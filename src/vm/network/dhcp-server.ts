/**
 * A DHCP server for exactly one client (RFC 2131, options RFC 2132), answering as an Azure subnet does:
 * an infinite lease from server 168.63.129.16, classless routes to the platform addresses (option 121,
 * RFC 3442) and option 245 with the platform address. waagent looks for one of the last two.
 */
import { BROADCAST_MAC } from './ethernet.ts';
import { buildUdp } from './segments.ts';

export interface DhcpLease {
  readonly clientMac: number;
  readonly serverMac: number;
  readonly address: number;
  readonly prefixBits: number;
  readonly gateway: number;
  /** DNS server, DHCP server identifier and option 245. */
  readonly platformAddress: number;
  /** Single addresses that get a route of their own via the gateway. */
  readonly hostRoutes: readonly number[];
  /** Sent as option 26 unless it is Ethernet's own 1500. */
  readonly mtu: number;
}

export interface DhcpAnswer {
  /** A whole Ethernet frame. */
  readonly frame: Buffer;
  /** True when the client asked for its address and got it. */
  readonly leased: boolean;
}

const COOKIE = 0x63825363;
const COOKIE_AT = 236;
const OPTIONS_AT = 240;
/** RFC 1542, section 2.1: some clients drop anything shorter. */
const MINIMUM_BYTES = 300;
const ANYONE = 0xffffffff;

const DISCOVER = 1;
const OFFER = 2;
const REQUEST = 3;
const ACK = 5;
const NAK = 6;
const INFORM = 8;

/** Answers one BOOTP message; undefined when it is not for this server or needs no answer. */
export function answerDhcp(message: Buffer, lease: DhcpLease): DhcpAnswer | undefined {
  if (message.length < OPTIONS_AT || message.readUInt32BE(COOKIE_AT) !== COOKIE) return undefined;
  // op 1 (request), hardware type 1 (Ethernet), address length 6
  if (message.readUIntBE(0, 3) !== 0x010106 || message.readUIntBE(28, 6) !== lease.clientMac)
    return undefined;
  const options = readOptions(message);
  const server = addressOption(options, 54);
  if (server !== undefined && server !== lease.platformAddress) return undefined;
  const current = message.readUInt32BE(12);
  switch (options.get(53)?.[0]) {
    case DISCOVER:
      return { frame: reply(OFFER, message, lease), leased: false };
    case REQUEST: {
      const wanted = addressOption(options, 50) ?? current;
      const granted = wanted === lease.address;
      return { frame: reply(granted ? ACK : NAK, message, lease), leased: granted };
    }
    case INFORM:
      return { frame: reply(ACK, message, lease), leased: false };
    default:
      return undefined;
  }
}

function reply(type: number, request: Buffer, lease: DhcpLease): Buffer {
  const current = request.readUInt32BE(12);
  const informing = readOptions(request).get(53)?.[0] === INFORM;
  const body = Buffer.alloc(OPTIONS_AT);
  body.writeUIntBE(0x020106, 0, 3);
  request.copy(body, 4, 4, 8); // transaction id
  request.copy(body, 10, 10, 12); // flags
  if (type !== NAK) {
    body.writeUInt32BE(current, 12);
    if (!informing) body.writeUInt32BE(lease.address, 16);
  }
  request.copy(body, 28, 28, 44); // client hardware address
  body.writeUInt32BE(COOKIE, COOKIE_AT);
  const message = Buffer.concat([body, ...optionsFor(type, informing, lease), Buffer.from([255])]);
  const padded = Buffer.concat([message, Buffer.alloc(Math.max(0, MINIMUM_BYTES - message.length))]);
  const toEveryone = type === NAK || (request.readUInt16BE(10) & 0x8000) !== 0;
  return buildUdp(
    {
      sourceMac: lease.serverMac,
      sourceAddress: lease.platformAddress,
      sourcePort: 67,
      targetMac: toEveryone ? BROADCAST_MAC : lease.clientMac,
      targetAddress: toEveryone ? ANYONE : lease.address,
      targetPort: 68,
    },
    padded,
  );
}

function optionsFor(type: number, informing: boolean, lease: DhcpLease): readonly Buffer[] {
  const platform = addressBytes(lease.platformAddress);
  const head = [option(53, Buffer.from([type])), option(54, platform)];
  if (type === NAK) return head;
  const mask = lease.prefixBits === 0 ? 0 : (-1 << (32 - lease.prefixBits)) >>> 0;
  const gateway = addressBytes(lease.gateway);
  const routes = [
    Buffer.concat([Buffer.from([0]), gateway]),
    ...lease.hostRoutes.map((address) => Buffer.concat([Buffer.from([32]), addressBytes(address), gateway])),
  ];
  const interfaceMtu = Buffer.alloc(2);
  interfaceMtu.writeUInt16BE(lease.mtu);
  return [
    ...head,
    ...(informing ? [] : [option(51, addressBytes(0xffffffff))]), // never expires
    option(1, addressBytes(mask)),
    option(3, gateway),
    option(6, platform),
    ...(lease.mtu === 1500 ? [] : [option(26, interfaceMtu)]),
    option(121, Buffer.concat(routes)),
    option(245, platform),
  ];
}

function option(code: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([code, value.length]), value]);
}

function addressBytes(address: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(address);
  return bytes;
}

/** Options by code; a length that runs past the end stops the reading. The first of a code wins. */
function readOptions(message: Buffer): ReadonlyMap<number, Buffer> {
  const options = new Map<number, Buffer>();
  let at = OPTIONS_AT;
  while (at < message.length) {
    const code = message.readUInt8(at);
    if (code === 255) break;
    if (code === 0) {
      at += 1;
      continue;
    }
    if (at + 2 > message.length) break;
    const end = at + 2 + message.readUInt8(at + 1);
    if (end > message.length) break;
    if (!options.has(code)) options.set(code, message.subarray(at + 2, end));
    at = end;
  }
  return options;
}

function addressOption(options: ReadonlyMap<number, Buffer>, code: number): number | undefined {
  const value = options.get(code);
  return value?.length === 4 ? value.readUInt32BE(0) : undefined;
}
