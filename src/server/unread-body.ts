/**
 * What a client still sends after its request has been decided, for example refused as too large. Most clients look
 * for the answer only when they have sent everything, and a connection that is closed before takes the answer with it
 * (RFC 9112, section 9.6). So the rest is read and thrown away first, within bounds.
 */
import type { Readable } from 'node:stream';

export interface UnreadBodyLimits {
  readonly maxBytes: number;
  /** For all of it. */
  readonly totalMs: number;
  /** For the next piece. */
  readonly idleMs: number;
}

/** A request of `node:http`, as far as it matters here. */
export type Incoming = Readable & { readonly complete: boolean };

export const unreadBodyLimits: UnreadBodyLimits = {
  maxBytes: 64 * 1024 * 1024,
  totalMs: 30_000,
  idleMs: 5_000,
};

/**
 * Reads the body of `incoming` to its end and keeps nothing; never rejects. True when the end was reached: the
 * connection can serve another request. False when a limit was met or the client went away: it must be closed.
 */
export async function discardUnreadBody(
  incoming: Incoming,
  limits: UnreadBodyLimits = unreadBodyLimits,
): Promise<boolean> {
  if (incoming.complete) return true;
  if (incoming.destroyed) return false;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let length = 0;
  const stop = (): void => resolve(false);
  const total = setTimeout(stop, limits.totalMs);
  const idle = setTimeout(stop, limits.idleMs);
  // Whoever read the beginning would go on collecting the rest in memory.
  incoming.removeAllListeners('data');
  incoming.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > limits.maxBytes) stop();
    idle.refresh();
  });
  incoming.once('end', () => resolve(true));
  incoming.once('close', stop);
  incoming.once('error', stop);
  incoming.resume();
  const ended = await promise;
  clearTimeout(total);
  clearTimeout(idle);
  return ended;
}
