/** One HTTP request over a connection that exists already, for showing what a guest serves. */
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { GoldsmithError } from '../model/errors.ts';

export interface HttpAnswer {
  readonly status: string;
  readonly server: string | undefined;
  readonly body: string;
}

/** More than this of a body is not kept. */
const MAX_BODY_BYTES = 64 * 1024;

/**
 * GET `path` over `connection`.
 * @throws GoldsmithError `GuestUnreachable` when no answer comes, `Cancelled`.
 */
export async function httpGet(connection: Duplex, path: string, signal: AbortSignal): Promise<HttpAnswer> {
  try {
    return await new Promise<HttpAnswer>((resolve, reject) => {
      const sent = request(
        { path, method: 'GET', host: 'guest', signal, createConnection: () => connection },
        (response) => {
          const chunks: Buffer[] = [];
          let size = 0;
          response.on('data', (chunk: Buffer) => {
            if (size < MAX_BODY_BYTES) chunks.push(chunk);
            size += chunk.length;
          });
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: `${response.statusCode ?? 0} ${response.statusMessage ?? ''}`.trim(),
              server: response.headersDistinct['server']?.[0],
              body: Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString('utf8'),
            }),
          );
        },
      );
      sent.on('error', reject);
      sent.end();
    });
  } catch (cause) {
    if (signal.aborted) throw new GoldsmithError('Cancelled', 'The request was cancelled', { cause });
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GoldsmithError('GuestUnreachable', `The guest gave no HTTP answer: ${why}`, { cause });
  }
}
