/** Files from the network: to disk as they come, tried again a few times, checked before anyone opens them. */
import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { GoldsmithError, isGoldsmithError } from '../../model/errors.ts';
import { GIB } from '../../model/sizes.ts';
import type { Checksum } from './checksums.ts';
import { httpGet, type GetLimits, type GetResult } from './http-get.ts';

export interface DownloadLimits extends GetLimits {
  /** Waits before the second, third, … attempt, in milliseconds; their number bounds the attempts. */
  readonly retryDelaysMs: readonly number[];
}

export const defaultDownloadLimits: DownloadLimits = {
  retryDelaysMs: [1000, 4000, 15_000],
  maxRedirects: 5,
  idleTimeoutMs: 60_000,
  maxBytes: 64 * GIB,
};

export interface DownloadOptions {
  readonly limits?: Partial<DownloadLimits>;
  readonly signal: AbortSignal;
  /** `totalBytes` is undefined when the server does not say. A new attempt starts again at 0. */
  readonly onProgress?: (doneBytes: number, totalBytes: number | undefined) => void;
}

/**
 * Downloads `url` to `path` and compares its checksum over the bytes as they arrived. An attempt that breaks
 * off starts again from the beginning; a server's refusal and a wrong checksum are final.
 * @throws GoldsmithError `DownloadFailed`, `ChecksumMismatch`, `InsufficientResources`, `Cancelled`; no file
 * is left then.
 */
export async function downloadFile(
  url: string,
  path: string,
  checksum: Checksum,
  options: DownloadOptions,
): Promise<void> {
  try {
    await withRetries(url, options, async ({ chunks, totalBytes }) => {
      const found = await writeChunks(path, chunks, checksum.algorithm, (done) =>
        options.onProgress?.(done, totalBytes),
      );
      if (found === checksum.hex) return;
      throw new GoldsmithError('ChecksumMismatch', `The checksum of ${url} does not match`, {
        internal: `${checksum.algorithm} is ${found}, expected ${checksum.hex}`,
        hint: 'The file was altered, or is being replaced on its server: try again later.',
      });
    });
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/**
 * Downloads a small text (UTF-8, at most `limits.maxBytes`).
 * @throws GoldsmithError `DownloadFailed`, `Cancelled`.
 */
export async function downloadText(url: string, options: DownloadOptions): Promise<string> {
  return withRetries(url, options, async ({ chunks }) =>
    Buffer.concat(await Array.fromAsync(chunks)).toString('utf8'),
  );
}

async function withRetries<T>(
  url: string,
  options: DownloadOptions,
  consume: (result: GetResult) => Promise<T>,
): Promise<T> {
  const { signal } = options;
  const limits = { ...defaultDownloadLimits, ...options.limits };
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await httpGet(url, limits, signal, consume);
    } catch (error) {
      if (signal.aborted) throw cancelled(signal);
      if (isGoldsmithError(error)) throw error;
      const waitMs = limits.retryDelaysMs[attempt];
      if (waitMs === undefined) {
        throw new GoldsmithError(
          'DownloadFailed',
          `${url} could not be downloaded in ${attempt + 1} attempts: ${reason(error)}`,
          { cause: error },
        );
      }
      await delay(waitMs, undefined, { signal }).catch(() => {
        throw cancelled(signal);
      });
    }
  }
}

/** @returns the checksum of what was written, in lower-case hexadecimal digits. */
async function writeChunks(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  algorithm: Checksum['algorithm'],
  onProgress: (doneBytes: number) => void,
): Promise<string> {
  const hash = createHash(algorithm);
  await using file = await open(path, 'w', 0o600);
  let done = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    await file.appendFile(chunk).catch((cause: unknown) => {
      throw new GoldsmithError('InsufficientResources', 'A download could not be written to disk', { cause });
    });
    done += chunk.length;
    onProgress(done);
  }
  return hash.digest('hex');
}

/** The innermost reason: fetch hides it behind "fetch failed" and "terminated". */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reason(error.cause) : error.message;
}

function cancelled(signal: AbortSignal): GoldsmithError {
  return new GoldsmithError('Cancelled', 'The download was cancelled', { cause: signal.reason });
}
