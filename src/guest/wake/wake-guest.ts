/** The host's side of a wake: one request on the serial line, one answer. */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { GoldsmithError } from '../../model/errors.ts';
import { encodeFrame, FrameReader, newNonce } from './wake-frame.ts';
import { parseWakeReport, type WakeReport } from './wake-report.ts';
import { encodeWakeRequest, type WakeRequest } from './wake-request.ts';

/**
 * Gives a woken copy its own identity. `channel` is the host's end of its second serial port, already connected when
 * the machine runs; it stays open and can be used for the same purpose again. Connect to the machine after the answer,
 * not before: its network is gone for a moment. Use it only when `unmetFacts` finds nothing in the report, and let the
 * SSH login accept only the host keys of the request (`isOneOf`).
 * There is no time limit of its own: a guest without an agent ends by `signal`.
 * @throws GoldsmithError `GuestUnreachable` for a wrong answer or a line that ends, `Cancelled`.
 */
export async function wakeGuest(
  channel: Duplex,
  request: WakeRequest,
  signal: AbortSignal,
): Promise<WakeReport> {
  const nonce = newNonce();
  const settled = new AbortController();
  const either = AbortSignal.any([signal, settled.signal]);
  try {
    signal.throwIfAborted();
    const answer = readAnswer(channel, nonce, either);
    answer.catch(() => undefined); // it may fail while the request is still being written
    if (!channel.write(encodeFrame(nonce, encodeWakeRequest(request)))) {
      await Promise.race([once(channel, 'drain', { signal: either }), answer]);
    }
    return await answer;
  } catch (cause) {
    if (signal.aborted) throw new GoldsmithError('Cancelled', 'Waking the build VM was cancelled', { cause });
    if (cause instanceof GoldsmithError) throw cause;
    const why = cause instanceof Error ? cause.message : 'unknown';
    throw new GoldsmithError('GuestUnreachable', `The build VM did not wake up: ${why}`, { cause });
  } finally {
    settled.abort();
  }
}

/** @throws Error when the channel ends or says something else, or `signal` fires. */
async function readAnswer(channel: Duplex, nonce: string, signal: AbortSignal): Promise<WakeReport> {
  const reader = new FrameReader(nonce);
  const { promise, resolve, reject } = Promise.withResolvers<WakeReport>();
  const onData = (chunk: Buffer): void => {
    try {
      const [content] = reader.push(chunk);
      if (content !== undefined) resolve(parseWakeReport(content.toString('latin1')));
    } catch (error) {
      reject(error);
    }
  };
  const onEnd = (): void => reject(new Error('its serial line has ended'));
  const onAbort = (): void => reject(new Error('nobody waits for its answer any more'));
  channel.on('data', onData);
  for (const event of ['end', 'close', 'error']) channel.on(event, onEnd);
  signal.addEventListener('abort', onAbort, { once: true });
  if (channel.destroyed || channel.readableEnded) onEnd();
  try {
    return await promise;
  } finally {
    channel.off('data', onData);
    for (const event of ['end', 'close', 'error']) channel.off(event, onEnd);
    signal.removeEventListener('abort', onAbort);
  }
}
