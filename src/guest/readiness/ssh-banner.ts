/** The moment a guest's SSH server speaks: a connected stream proves nothing before that. */
import type { Duplex } from 'node:stream';
import { GoldsmithError } from '../../model/errors.ts';
import { connectionError } from '../ssh/connection-failure.ts';

/** RFC 4253 section 4.2 lets a server send other lines first; a bound keeps a hostile guest short. */
const LIMIT_BYTES = 16 * 1024;

/**
 * Resolves with the identification line (`SSH-2.0-…`) and leaves every byte on the stream for the handshake.
 * @throws GoldsmithError `GuestUnreachable` when the stream ends or speaks something else, `Cancelled`.
 */
export async function sshBanner(stream: Duplex, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  const onReadable = (): void => {
    for (let chunk = readChunk(stream); chunk !== undefined; chunk = readChunk(stream)) chunks.push(chunk);
    const seen = Buffer.concat(chunks).toString('latin1');
    const line = /^(SSH-2\.0-[^\r\n]*)\r?\n/m.exec(seen)?.[1];
    if (line !== undefined) resolve(line);
    else if (seen.length > LIMIT_BYTES) reject(connectionError('HandshakeFailed', ': it sent no SSH banner'));
  };
  const onEnd = (): void => reject(connectionError('ConnectionLost', 'before its SSH banner'));
  const onAbort = (): void =>
    reject(new GoldsmithError('Cancelled', 'Waiting for SSH was cancelled', { cause: signal.reason }));
  stream.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', onEnd);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  else onReadable();
  try {
    return await promise;
  } finally {
    stream.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', onEnd);
    signal.removeEventListener('abort', onAbort);
    if (chunks.length > 0 && !stream.destroyed && !stream.readableEnded)
      stream.unshift(Buffer.concat(chunks));
  }
}

function readChunk(stream: Duplex): Buffer | undefined {
  const chunk: unknown = stream.read();
  return Buffer.isBuffer(chunk) ? chunk : undefined;
}
