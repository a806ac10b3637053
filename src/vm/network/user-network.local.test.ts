/** The whole network without a machine: the test plays the guest's network card. */
import assert from 'node:assert/strict';
import { duplexPair, type Duplex } from 'node:stream';
import { test } from 'node:test';
import { currentBuildUser } from '../../host/build-user.ts';
import { isGoldsmithError } from '../../model/errors.ts';
import { parseMac, targetMac } from './ethernet.ts';
import { FrameSplitter, writeFrame } from './frame-stream.ts';
import { parseIpv4, PROTOCOL_TCP, IP, L4 } from './ipv4.ts';
import { ACK, buildTcp, buildUdp, RST, sourcePort, SYN, targetPort, tcpFlags } from './segments.ts';
import { createUserNetwork, type UserNetwork } from './user-network.ts';

const MAC = '52:54:00:12:34:56';
const GATEWAY_MAC = '12:34:56:78:9a:bc';
const LIMIT_MS = 30_000;

/** A guest that takes its address and answers each SYN as `answerSyn` says. */
class FakeGuest {
  readonly link: Duplex;
  readonly frames: Buffer[] = [];
  readonly #answerSyn: (port: number) => number | undefined;

  constructor(link: Duplex, answerSyn: (port: number) => number | undefined) {
    this.link = link;
    this.#answerSyn = answerSyn;
    const splitter = new FrameSplitter((bytes, start, length) => {
      this.#receive(Buffer.from(bytes.subarray(start, start + length)));
      return 0;
    });
    link.on('data', (chunk: Buffer) => splitter.push(chunk, () => undefined));
  }

  requestAddress(): void {
    const message = Buffer.alloc(250);
    message.writeUIntBE(0x010106, 0, 3);
    message.writeUIntBE(parseMac(MAC), 28, 6);
    message.writeUInt32BE(0x63825363, 236);
    message.set([53, 1, 3, 50, 4, 10, 1, 0, 5, 255], 240);
    const ends = {
      ...{ sourceMac: parseMac(MAC), sourceAddress: 0, sourcePort: 68 },
      ...{ targetMac: 0xffffffffffff, targetAddress: 0xffffffff, targetPort: 67 },
    };
    writeFrame(this.link, buildUdp(ends, message));
  }

  #receive(frame: Buffer): void {
    this.frames.push(frame);
    if (frame.length < L4 + 20 || frame.readUInt8(IP + 9) !== PROTOCOL_TCP) return;
    if ((tcpFlags(frame, 0) & (SYN | ACK)) !== SYN) return;
    const flags = this.#answerSyn(targetPort(frame, 0));
    if (flags === undefined) return;
    const ends = {
      ...{ sourceMac: parseMac(MAC), sourceAddress: parseIpv4('10.1.0.5'), sourcePort: targetPort(frame, 0) },
      ...{ targetMac: parseMac(GATEWAY_MAC), targetAddress: parseIpv4('10.1.0.1') },
      targetPort: sourcePort(frame, 0),
    };
    const acknowledgement = (frame.readUInt32BE(L4 + 4) + 1) >>> 0;
    writeFrame(this.link, buildTcp(ends, { flags, sequence: 77, acknowledgement }));
  }
}

async function withNetwork(
  answerSyn: (port: number) => number | undefined,
  act: (network: UserNetwork, guest: FakeGuest, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  await using network = await createUserNetwork(
    { macAddress: MAC, guestAddress: '10.1.0.5', services: [], user: currentBuildUser() },
    signal,
  );
  const [near, far] = duplexPair();
  network.attach(near);
  const guest = new FakeGuest(far, answerSyn);
  await act(network, guest, signal);
  far.destroy();
  near.destroy();
}

test('the guest takes its address, and only frames for it arrive', async () => {
  await withNetwork(
    () => undefined,
    async (network, guest) => {
      guest.requestAddress();
      await network.addressTaken;
      assert.ok(guest.frames.length > 0);
      for (const frame of guest.frames)
        assert.ok([parseMac(MAC), 0xffffffffffff].includes(targetMac(frame, 0)));
    },
  );
});

test('a port that the guest refuses is refused at once, one that it accepts is connected', async () => {
  await withNetwork(
    (port) => (port === 22 ? SYN | ACK : RST | ACK),
    async (network, _guest, signal) => {
      await assert.rejects(network.dial(23, signal), (error) => isGoldsmithError(error, 'GuestUnreachable'));
      const connection = await network.dial(22, signal);
      connection.destroy();
    },
  );
});

test('waiting for a port asks until the guest accepts', async () => {
  let asked = 0;
  await withNetwork(
    () => {
      asked += 1;
      return asked > 3 ? SYN | ACK : RST | ACK;
    },
    async (network, _guest, signal) => {
      const connection = await network.waitForPort(22, signal);
      connection.destroy();
      assert.ok(asked > 3);
    },
  );
});

test('a silent guest is asked until the caller gives up', async () => {
  await withNetwork(
    () => undefined,
    async (network) => {
      const caller = new AbortController();
      const dialing = network.dial(22, caller.signal);
      setImmediate(() => caller.abort());
      await assert.rejects(dialing, (error) => isGoldsmithError(error, 'Cancelled'));
    },
  );
});

test('frames that break the framing are a failure of the network, and end what waits for it', async () => {
  await withNetwork(
    () => undefined,
    async (network, guest, signal) => {
      const waiting = network.waitForPort(22, signal);
      guest.link.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
      assert.match((await network.failed).message, /network broke/);
      await assert.rejects(waiting, (error) => isGoldsmithError(error, 'GuestUnreachable'));
    },
  );
});
