/**
 * Connections into the guest: ask with a probe, then connect through passt. The probe makes the answer
 * exact and quick; passt alone accepts for the guest before asking it, and waits ten seconds for silence.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { GoldsmithError, isGoldsmithError } from '../../model/errors.ts';
import type { Passt } from './passt.ts';
import type { FrameRelay } from './relay.ts';

/** A program that starts to listen causes no event outside the guest, and a bare SYN costs it microseconds. */
const ASK_AGAIN_AFTER_MS = 120;

export class GuestDialer {
  readonly #relay: FrameRelay;
  readonly #listener: Passt['listener'];
  readonly #over: AbortSignal;

  /** `over` fires when the network ends. */
  constructor(relay: FrameRelay, listener: Passt['listener'], over: AbortSignal) {
    this.#relay = relay;
    this.#listener = listener;
    this.#over = over;
  }

  /** See `GuestNetwork.dial`. A silent guest (still booting, stopped) is asked until `signal` fires. */
  dial(port: number, signal: AbortSignal): Promise<Duplex> {
    return this.#guarded(signal, (limit) => this.#connect(port, limit));
  }

  /** Like `dial`, but asks again until the guest accepts. */
  waitForPort(port: number, signal: AbortSignal): Promise<Duplex> {
    return this.#guarded(signal, async (limit) => {
      for (;;) {
        try {
          return await this.#connect(port, limit);
        } catch (error) {
          if (limit.aborted || !isGoldsmithError(error, 'GuestUnreachable')) throw error;
          await pause(ASK_AGAIN_AFTER_MS, limit);
        }
      }
    });
  }

  /** Runs `act` until it ends, the caller gives up or the network is over. */
  async #guarded(signal: AbortSignal, act: (limit: AbortSignal) => Promise<Socket>): Promise<Duplex> {
    const limit = AbortSignal.any([signal, this.#over]);
    try {
      limit.throwIfAborted();
      return await act(limit);
    } catch (cause) {
      if (signal.aborted) {
        throw new GoldsmithError('Cancelled', 'Connecting to the build VM was cancelled', { cause });
      }
      if (this.#over.aborted) {
        throw new GoldsmithError('GuestUnreachable', "The build VM's network has ended", { cause });
      }
      throw cause;
    }
  }

  async #connect(guestPort: number, signal: AbortSignal): Promise<Socket> {
    if ((await this.#relay.prober.probe(guestPort, signal)) === 'refused') throw refused(guestPort);
    const socket = connect({ ...this.#listener, noDelay: true });
    socket.on('error', () => undefined); // 'close' follows, and is what counts
    const closed = new Promise<'refused'>((resolve) => {
      socket.once('close', () => resolve('refused'));
    });
    try {
      await once(socket, 'connect', { signal });
      const flow = this.#relay.inbound.expect(socket.localPort ?? 0, guestPort);
      socket.once('close', flow.close);
      const outcome = await orAbort(Promise.race([flow.outcome, closed]), signal);
      if (outcome === 'refused') throw refused(guestPort);
      return socket;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }
}

function refused(port: number): GoldsmithError {
  return new GoldsmithError('GuestUnreachable', `The build VM refuses connections on port ${port}`);
}

/** The promise's result, or a rejection as soon as `signal` fires. */
async function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(new Error('aborted', { cause: signal.reason }));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  try {
    await orAbort(promise, signal);
  } finally {
    clearTimeout(timer);
  }
}
