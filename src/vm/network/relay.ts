/**
 * The wire between a machine's network card and passt. Frames pass, are answered here (ARP, DHCP, DNS)
 * or are dropped; frames for platform services are sent to their ports on the host's loopback, which
 * passt shows the guest at the gateway address, and the answers are made to come from the service again.
 */
import type { Duplex } from 'node:stream';
import { answerDhcp, type DhcpLease } from './dhcp-server.ts';
import { truncateAnswer, type DnsForwarder } from './dns-forwarder.ts';
import { frameBytes, judgeGuestFrame, type EgressPolicy } from './egress-policy.ts';
import { ARP_REPLY, ARP_REQUEST, buildArp, ETHERTYPE_IPV4, readArp } from './ethernet.ts';
import { pumpFrames, writeFrame } from './frame-stream.ts';
import { InboundFlows } from './inbound-flows.ts';
import { IP, L4, PROTOCOL_TCP } from './ipv4.ts';
import { PortProber } from './port-prober.ts';
import { SenderPacer } from './sender-pacer.ts';
import {
  buildUdp,
  disguiseSource,
  redirectTarget,
  sourceAddress,
  sourcePort,
  targetAddress,
  targetPort,
  udpPayload,
} from './segments.ts';

/** A TCP service of the platform: what the guest connects to, and where on the host's loopback it is. */
export interface PlatformService {
  readonly address: number;
  readonly port: number;
  /** Different for every service: it names the service on the way back. */
  readonly targetPort: number;
}

export interface RelayOptions {
  readonly upstream: Duplex;
  readonly policy: Omit<EgressPolicy, 'isService'>;
  readonly lease: DhcpLease;
  readonly services: readonly PlatformService[];
  readonly dns: DnsForwarder;
  /** Called when either side breaks the framing; the wire is dead from then on. */
  readonly onBroken: (reason: string) => void;
}

const ASK_FOR_ADDRESS_MS = 1000;

export class FrameRelay implements Disposable {
  readonly prober: PortProber;
  readonly inbound: InboundFlows;
  /** Resolves when the guest was granted its address, or shows that it has it already (a restored machine). */
  readonly addressTaken: Promise<void>;
  readonly #options: RelayOptions;
  readonly #policy: EgressPolicy;
  readonly #byEndpoint: ReadonlyMap<number, PlatformService>;
  readonly #byTargetPort: ReadonlyMap<number, PlatformService>;
  readonly #pacer = new SenderPacer();
  readonly #leased = Promise.withResolvers<void>();
  #guest: Duplex | undefined;
  #detach: () => void = () => undefined;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.addressTaken = this.#leased.promise;
    this.#byEndpoint = new Map(options.services.map((it) => [endpoint(it.address, it.port), it]));
    this.#byTargetPort = new Map(options.services.map((it) => [it.targetPort, it]));
    this.#policy = {
      ...options.policy,
      isService: (address, port) => this.#byEndpoint.has(endpoint(address, port)),
    };
    const toGuest = (frame: Buffer): void => this.#sendToGuest(frame);
    this.inbound = new InboundFlows(toGuest);
    this.prober = new PortProber(toGuest, this.#endsToGuest(options.policy.gatewayAddress));
  }

  /** Connects the network card. A card that was connected before is let go. */
  attach(guest: Duplex): void {
    this.#detach();
    const { upstream, onBroken } = this.#options;
    const onError = (): void => undefined; // the end of the machine tells more
    const stops = [
      pumpFrames(guest, upstream, (bytes, start, length) => this.#fromGuest(bytes, start, length), onBroken),
      pumpFrames(upstream, guest, (bytes, start, length) => this.#fromHost(bytes, start, length), onBroken),
    ];
    this.#guest = guest;
    this.#detach = () => {
      for (const stop of stops) stop();
      guest.off('close', this.#detach);
      upstream.pause();
      this.#guest = undefined;
      this.#detach = () => undefined;
    };
    guest.on('error', onError);
    guest.once('close', this.#detach);
    upstream.resume();
    this.#askForAddress(guest);
  }

  /** A machine restored from a saved state keeps its lease and says nothing, so it is asked who has the address. */
  #askForAddress(guest: Duplex): void {
    const { gatewayAddress, gatewayMac, guestAddress } = this.#policy;
    const question = buildArp({
      operation: ARP_REQUEST,
      senderMac: gatewayMac,
      senderAddress: gatewayAddress,
      targetMac: 0,
      targetAddress: guestAddress,
    });
    const timer = setInterval(() => writeFrame(guest, question), ASK_FOR_ADDRESS_MS);
    const stop = (): void => clearInterval(timer);
    guest.once('close', stop);
    void this.addressTaken.then(stop);
  }

  [Symbol.dispose](): void {
    this.#detach();
  }

  #fromGuest(bytes: Buffer, start: number, length: number): number {
    const kept = this.#passOrAnswer(bytes, start, length);
    const isTcp = kept > 0 && bytes.readUInt8(start + IP + 9) === PROTOCOL_TCP;
    return isTcp && !this.#pacer.admit(bytes, start) ? 0 : kept;
  }

  /** Bytes of the frame that go on to passt. */
  #passOrAnswer(bytes: Buffer, start: number, length: number): number {
    switch (judgeGuestFrame(bytes, start, length, this.#policy)) {
      case 'outside':
        return frameBytes(bytes, start);
      case 'service':
        return this.#redirectToService(bytes, start);
      case 'gateway':
        return this.#fromGuestToGateway(bytes, start);
      case 'arp':
        this.#answerArp(bytes, start, length);
        return 0;
      case 'dhcp':
        this.#answerDhcp(bytes, start);
        return 0;
      case 'dns':
        void this.#answerDns(bytes, start);
        return 0;
      default:
        return 0;
    }
  }

  #redirectToService(bytes: Buffer, start: number): number {
    const key = endpoint(targetAddress(bytes, start), targetPort(bytes, start));
    const service = this.#byEndpoint.get(key);
    if (service === undefined) return 0;
    redirectTarget(bytes, start, this.#policy.gatewayAddress, service.targetPort);
    return frameBytes(bytes, start);
  }

  #fromGuestToGateway(bytes: Buffer, start: number): number {
    if (PortProber.isProbePort(targetPort(bytes, start))) {
      this.prober.receive(bytes, start);
      return 0;
    }
    return this.inbound.fromGuest(bytes, start) ? frameBytes(bytes, start) : 0;
  }

  #fromHost(bytes: Buffer, start: number, length: number): number {
    // passt is trusted to send sound packets; the checks keep its ARP and anything unexpected off the wire.
    if (length < L4 || bytes.readUInt16BE(start + 12) !== ETHERTYPE_IPV4) return 0;
    if (targetAddress(bytes, start) !== this.#policy.guestAddress) return 0;
    // passt guesses the card's address from what it has seen so far; here it is known.
    bytes.writeUIntBE(this.#policy.guestMac, start, 6);
    if (sourceAddress(bytes, start) !== this.#policy.gatewayAddress) return length;
    if (bytes.readUInt8(start + IP + 9) !== PROTOCOL_TCP || length < L4 + 20) return 0;
    const service = this.#byTargetPort.get(sourcePort(bytes, start));
    if (service === undefined) return this.inbound.fromHost(bytes, start) ? length : 0;
    disguiseSource(bytes, start, service.address, service.port);
    return length;
  }

  #answerArp(bytes: Buffer, start: number, length: number): void {
    const request = readArp(bytes, start, length);
    const { gatewayAddress, gatewayMac, guestMac, guestAddress } = this.#policy;
    if (request?.operation === ARP_REPLY && request.senderAddress === guestAddress) this.#leased.resolve();
    if (request?.operation !== ARP_REQUEST || request.targetAddress !== gatewayAddress) return;
    this.#sendToGuest(
      buildArp({
        operation: ARP_REPLY,
        senderMac: gatewayMac,
        senderAddress: gatewayAddress,
        targetMac: guestMac,
        targetAddress: request.senderAddress === 0 ? 0 : guestAddress,
      }),
    );
  }

  #answerDhcp(bytes: Buffer, start: number): void {
    const answer = answerDhcp(udpPayload(bytes, start), this.#options.lease);
    if (answer === undefined) return;
    this.#sendToGuest(answer.frame);
    if (answer.leased) this.#leased.resolve();
  }

  async #answerDns(bytes: Buffer, start: number): Promise<void> {
    const query = Buffer.from(udpPayload(bytes, start));
    const guestPort = sourcePort(bytes, start);
    const answer = await this.#options.dns.ask(query);
    if (answer === undefined) return;
    const fits = L4 - IP + 8 + answer.length <= this.#options.lease.mtu;
    const ends = {
      ...this.#endsToGuest(this.#policy.platformAddress),
      sourcePort: 53,
      targetPort: guestPort,
    };
    this.#sendToGuest(buildUdp(ends, fits ? answer : truncateAnswer(query, answer)));
  }

  #endsToGuest(sourceAddress: number): {
    sourceMac: number;
    sourceAddress: number;
    targetMac: number;
    targetAddress: number;
  } {
    const { gatewayMac, guestMac, guestAddress } = this.#options.policy;
    return { sourceMac: gatewayMac, sourceAddress, targetMac: guestMac, targetAddress: guestAddress };
  }

  #sendToGuest(frame: Buffer): void {
    if (this.#guest !== undefined) writeFrame(this.#guest, frame);
  }
}

function endpoint(address: number, port: number): number {
  return address * 0x10000 + port;
}
