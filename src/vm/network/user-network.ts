/**
 * A machine's network without privileges: no namespace, no tun device, no root. The card's frames go
 * through our relay into passt, which speaks to the world with ordinary sockets of the build user.
 * The segment looks like an Azure subnet: 10.1.0.0/24, gateway 10.1.0.1, platform address 168.63.129.16.
 */
import { randomInt } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { BuildUser } from '../../host/build-user.ts';
import { GoldsmithError } from '../../model/errors.ts';
import type { GuestNetwork } from '../hypervisor.ts';
import { startDnsForwarder } from './dns-forwarder.ts';
import { parseMac } from './ethernet.ts';
import { GuestDialer } from './guest-dialer.ts';
import { createHostAddressTest } from './host-addresses.ts';
import { parseBlock, parseIpv4 } from './ipv4.ts';
import { startPasst, type Passt } from './passt.ts';
import { FrameRelay } from './relay.ts';

export interface UserNetworkOptions {
  /** Lower-case, colons. */
  readonly macAddress: string;
  /** The guest's address on the segment. */
  readonly guestAddress: string;
  /** TCP services that the guest finds at fixed addresses and that listen on the host's loopback. */
  readonly services: readonly GuestService[];
  readonly user: BuildUser;
  /** The guest reaches the services and connections that the host opens, and nothing else, not even names. */
  readonly isolated?: boolean;
  /** Largest IPv4 packet on the segment, in bytes. Default 1500, as on Azure. */
  readonly mtu?: number;
}

export interface GuestService {
  /** IPv4 address as the guest sees it, for example `169.254.169.254`. */
  readonly address: string;
  readonly port: number;
  /** Port on 127.0.0.1; every service has its own. */
  readonly targetPort: number;
}

export interface UserNetwork extends GuestNetwork {
  /**
   * Opens a TCP connection as soon as the guest accepts one on `port`.
   * @throws GoldsmithError `Cancelled` when `signal` fires, `GuestUnreachable` when the network ends.
   */
  waitForPort(port: number, signal: AbortSignal): Promise<Duplex>;
  /** Settles when the network broke on its own, with the reason; pending for ever otherwise. Never rejects. */
  readonly failed: Promise<GoldsmithError>;
}

export const GATEWAY_ADDRESS = '10.1.0.1';
export const PLATFORM_ADDRESS = '168.63.129.16';
export const METADATA_ADDRESS = '169.254.169.254';
/** The MAC address of the gateway in every Azure subnet. */
const GATEWAY_MAC = '12:34:56:78:9a:bc';
/** Bits of the segment's network part. */
export const PREFIX_BITS = 24;
const ETHERNET_MTU = 1500;
/** Azure keeps the first four addresses of every subnet, and the last one (Virtual Network FAQ). */
const [FIRST_HOST, LAST_HOST] = [4, 254];

/** An address for a machine on a segment, another one than `except`. */
export function randomGuestAddress(except?: string): string {
  const network = GATEWAY_ADDRESS.slice(0, GATEWAY_ADDRESS.lastIndexOf('.'));
  for (;;) {
    const address = `${network}.${randomInt(FIRST_HOST, LAST_HOST + 1)}`;
    if (address !== except) return address;
  }
}

/**
 * Makes the segment; connect the machine's card with `attach`.
 * @throws GoldsmithError `HostNotReady` when passt cannot run here, `Cancelled`.
 */
export async function createUserNetwork(
  options: UserNetworkOptions,
  signal: AbortSignal,
): Promise<UserNetwork> {
  await using undo = new AsyncDisposableStack();
  const mtu = options.mtu ?? ETHERNET_MTU;
  const addresses = {
    guestMac: parseMac(options.macAddress),
    guestAddress: parseIpv4(options.guestAddress),
    gatewayMac: parseMac(GATEWAY_MAC),
    gatewayAddress: parseIpv4(GATEWAY_ADDRESS),
  };
  const platformAddress = parseIpv4(PLATFORM_ADDRESS);
  const dns = undo.use(await (options.isolated === true ? startDnsForwarder(() => []) : startDnsForwarder()));
  const passt = undo.use(
    await startPasst({ ...addresses, user: options.user, prefixBits: PREFIX_BITS, mtu }, signal),
  );
  const broken = Promise.withResolvers<GoldsmithError>();
  const fail = (reason: string): void =>
    broken.resolve(new GoldsmithError('VmDied', `The build VM's network broke: ${reason}`));
  const relay = undo.use(
    new FrameRelay({
      upstream: passt.link,
      policy: {
        ...addresses,
        platformAddress,
        segment: parseBlock(`${GATEWAY_ADDRESS}/${PREFIX_BITS}`),
        isHostAddress: options.isolated === true ? () => true : createHostAddressTest(),
      },
      lease: {
        clientMac: addresses.guestMac,
        serverMac: addresses.gatewayMac,
        address: addresses.guestAddress,
        prefixBits: PREFIX_BITS,
        gateway: addresses.gatewayAddress,
        platformAddress,
        hostRoutes: [platformAddress, parseIpv4(METADATA_ADDRESS)],
        mtu,
      },
      services: [
        ...options.services.map((service) => ({ ...service, address: parseIpv4(service.address) })),
        { address: platformAddress, port: 53, targetPort: dns.tcpPort },
      ],
      dns,
      onBroken: fail,
    }),
  );
  void passt.ended.then((words) => fail(`passt died: ${words}`));
  return new PasstNetwork(options, relay, passt, broken.promise, undo.move());
}

class PasstNetwork implements UserNetwork {
  readonly macAddress: string;
  readonly guestAddress: string;
  readonly addressTaken: Promise<void>;
  readonly failed: Promise<GoldsmithError>;
  readonly #relay: FrameRelay;
  readonly #dialer: GuestDialer;
  readonly #owned: AsyncDisposableStack;
  readonly #over = new AbortController();

  constructor(
    { macAddress, guestAddress }: UserNetworkOptions,
    relay: FrameRelay,
    passt: Passt,
    broken: Promise<GoldsmithError>,
    owned: AsyncDisposableStack,
  ) {
    this.macAddress = macAddress;
    this.guestAddress = guestAddress;
    this.addressTaken = relay.addressTaken;
    this.#relay = relay;
    this.#dialer = new GuestDialer(relay, passt.listener, this.#over.signal);
    this.#owned = owned;
    this.failed = this.#failure(broken);
  }

  attach(link: Duplex): void {
    this.#relay.attach(link);
  }

  dial(port: number, signal: AbortSignal): Promise<Duplex> {
    return this.#dialer.dial(port, signal);
  }

  waitForPort(port: number, signal: AbortSignal): Promise<Duplex> {
    return this.#dialer.waitForPort(port, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort(new Error('the network was taken down'));
    await this.#owned.disposeAsync();
  }

  /** Ending on purpose also ends passt; only what happens before that is a failure. */
  async #failure(broken: Promise<GoldsmithError>): Promise<GoldsmithError> {
    const error = await broken;
    if (this.#over.signal.aborted) return new Promise(() => undefined);
    this.#over.abort(error);
    return error;
  }
}
