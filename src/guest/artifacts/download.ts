/** Downloading one file over HTTP the patient way of AIB: ten attempts, but none wasted on a clear "no". */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { GoldsmithError } from '../../model/errors.ts';
import { GIB, formatBytes } from '../../model/sizes.ts';
import { redactUri } from './redact.ts';

export interface DownloadPolicy {
  /** Attempts in all. The service makes ten (reference: submission downloads artifacts "attempt 1 of 10"). */
  readonly attempts: number;
  /** Pause before the second attempt; doubles up to `longestPauseMs`. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** An attempt without a new byte for this long has failed. */
  readonly stallMs: number;
  readonly maxRedirects: number;
  readonly maxBytes: number;
}

export const DEFAULT_DOWNLOAD_POLICY: DownloadPolicy = {
  attempts: 10,
  firstPauseMs: 500,
  longestPauseMs: 30_000,
  stallMs: 60_000,
  maxRedirects: 10,
  maxBytes: 256 * GIB,
};

export interface DownloadOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (doneBytes: number, totalBytes: number | undefined) => void;
  /** Told of each failed attempt that is followed by another. */
  readonly onRetry?: (message: string) => void;
  readonly policy?: DownloadPolicy;
}

export interface FetchedFile {
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/**
 * Downloads `url` (http or https) to the new file `localPath`.
 * @throws GoldsmithError `DownloadFailed` (never showing the query's values) or `Cancelled`.
 */
export async function download(url: URL, localPath: string, options: DownloadOptions): Promise<FetchedFile> {
  const policy = options.policy ?? DEFAULT_DOWNLOAD_POLICY;
  const shown = redactUri(url.href);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptOnce(url, localPath, policy, options);
    } catch (error) {
      if (options.signal.aborted) {
        throw new GoldsmithError('Cancelled', `Downloading ${shown} was cancelled`, {
          cause: options.signal.reason,
        });
      }
      const failure = error instanceof Failure ? error : new Failure(reasonOf(error), true, undefined, error);
      const message = `Downloading external file (${shown}) [attempt ${attempt} of ${policy.attempts}] failed: ${failure.message}`;
      if (!failure.again || attempt >= policy.attempts) {
        throw new GoldsmithError('DownloadFailed', message, { cause: failure.cause });
      }
      options.onRetry?.(message);
      const pauseMs = Math.min(policy.longestPauseMs, policy.firstPauseMs * 2 ** (attempt - 1));
      // A pause the server asks for counts, within our own bound; the spread keeps parallel builds apart.
      const wantedMs = Math.min(policy.longestPauseMs, failure.retryAfterMs ?? 0);
      await sleep(Math.max(wantedMs, pauseMs * (0.75 + Math.random() / 2)), undefined, {
        signal: options.signal,
      }).catch(() => undefined);
    }
  }
}

class Failure extends Error {
  readonly again: boolean;
  readonly retryAfterMs: number | undefined;
  constructor(message: string, again: boolean, retryAfterMs?: number, cause?: unknown) {
    super(message, { cause });
    this.again = again;
    this.retryAfterMs = retryAfterMs;
  }
}

async function attemptOnce(
  url: URL,
  localPath: string,
  policy: DownloadPolicy,
  { signal, onProgress }: DownloadOptions,
): Promise<FetchedFile> {
  signal.throwIfAborted();
  const stall = new AbortController();
  const stalled = new Failure(`no data for ${policy.stallMs / 1000} seconds`, true);
  const timer = setTimeout(() => stall.abort(stalled), policy.stallMs);
  const either = AbortSignal.any([signal, stall.signal]);
  try {
    const response = await followRedirects(url, policy.maxRedirects, either);
    const body = response.body;
    if (body === null) throw new Failure('the answer has no body', true);
    const totalBytes = Number(response.headers.get('content-length') ?? Number.NaN);
    const expected =
      response.headers.has('content-encoding') || !Number.isSafeInteger(totalBytes) ? undefined : totalBytes;
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        timer.refresh();
        sizeBytes += chunk.length;
        hash.update(chunk);
        if (sizeBytes > policy.maxBytes) {
          done(new Failure(`larger than ${formatBytes(policy.maxBytes)}`, false));
          return;
        }
        onProgress?.(sizeBytes, expected);
        done(null, chunk);
      },
    });
    await pipeline(body, meter, createWriteStream(localPath, { mode: 0o600 }), {
      signal: either,
    });
    if (expected !== undefined && expected !== sizeBytes) {
      throw new Failure(`${sizeBytes} of ${expected} bytes arrived`, true);
    }
    return { sizeBytes, sha256: hash.digest('hex') };
  } catch (error) {
    if (stall.signal.aborted && !signal.aborted) throw stalled;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function followRedirects(start: URL, maxRedirects: number, signal: AbortSignal): Promise<Response> {
  let url = start;
  for (let redirects = 0; ; redirects += 1) {
    const response = await fetch(url.href, {
      redirect: 'manual',
      signal,
      headers: { accept: '*/*', 'accept-encoding': 'identity' }, // a checksum is over the file as it lies there
    });
    if (response.ok) return response;
    await response.body?.cancel();
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) throw statusFailure(response);
    if (redirects >= maxRedirects) throw new Failure(`more than ${maxRedirects} redirects`, false);
    const next = URL.parse(location, url.href);
    if (next === null || !/^https?:$/.test(next.protocol)) {
      throw new Failure('it redirects to an address that is not http or https', false);
    }
    if (url.protocol === 'https:' && next.protocol === 'http:') {
      throw new Failure('it redirects from https to http', false);
    }
    url = next;
  }
}

function statusFailure(response: Response): Failure {
  const again = response.status >= 500 || response.status === 429 || response.status === 408;
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new Failure(
    `HTTP status ${response.status}`,
    again,
    Number.isFinite(retryAfter) ? retryAfter * 1000 : undefined,
  );
}

/** The most telling code of a network error (`ECONNREFUSED`, `ENOTFOUND`), without addresses or queries. */
function reasonOf(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code;
  }
  return 'the connection failed';
}
