/** One HTTP GET, followed through redirects and cut off when the server falls silent. */
import { GoldsmithError } from '../../model/errors.ts';
import { formatBytes } from '../../model/sizes.ts';

export interface GetLimits {
  readonly maxRedirects: number;
  /** Longest silence of the server, in milliseconds. */
  readonly idleTimeoutMs: number;
  readonly maxBytes: number;
}

export interface GetResult {
  /** Undefined when the server does not say. */
  readonly totalBytes: number | undefined;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Statuses that another attempt may not meet. */
const temporaryStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Gets `url` and hands its body to `consume` while it arrives.
 * @throws GoldsmithError `DownloadFailed` when trying again is useless (refused, too large, redirect loop,
 * bad address); any other error is one that another attempt may not have.
 */
export async function httpGet<T>(
  url: string,
  limits: GetLimits,
  signal: AbortSignal,
  consume: (result: GetResult) => Promise<T>,
): Promise<T> {
  const silence = new AbortController();
  const timer = setTimeout(
    () => silence.abort(new Error(`no data for ${limits.idleTimeoutMs / 1000} seconds`)),
    limits.idleTimeoutMs,
  );
  const either = AbortSignal.any([signal, silence.signal]);
  try {
    const response = await followRedirects(url, limits.maxRedirects, either);
    requireSuccess(url, response);
    const totalBytes = contentLength(response);
    if (totalBytes !== undefined && totalBytes > limits.maxBytes) throw tooLarge(url, limits.maxBytes);
    return await consume({ totalBytes, chunks: bodyOf(url, response, limits.maxBytes, timer) });
  } finally {
    clearTimeout(timer);
    silence.abort(); // lets go of the connection when the body was not read to its end
  }
}

async function followRedirects(url: string, maxRedirects: number, signal: AbortSignal): Promise<Response> {
  let current = parseUrl(url, undefined);
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    // Checksums and lengths are those of the file: no transfer compression.
    const headers = { 'accept-encoding': 'identity', 'user-agent': 'goldsmith' };
    const response = await fetch(current, { redirect: 'manual', signal, headers });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) return response;
    await response.body?.cancel();
    const next = parseUrl(location, current);
    if (current.protocol === 'https:' && next.protocol !== 'https:') {
      throw new GoldsmithError('DownloadFailed', `${url} redirects to an address without TLS`);
    }
    current = next;
  }
  throw new GoldsmithError('DownloadFailed', `${url} redirects more than ${maxRedirects} times`);
}

function parseUrl(text: string, base: URL | undefined): URL {
  const url = URL.parse(text, base?.href);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new GoldsmithError('DownloadFailed', `"${text}" is not an http or https address`);
  }
  return url;
}

function requireSuccess(url: string, response: Response): void {
  if (response.status === 200) return;
  const message = `the server answered ${response.status} ${response.statusText}`.trim();
  if (temporaryStatuses.has(response.status)) throw new Error(message);
  throw new GoldsmithError('DownloadFailed', `${url} could not be downloaded: ${message}`);
}

function contentLength(response: Response): number | undefined {
  const text = response.headers.get('content-length');
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

async function* bodyOf(
  url: string,
  response: Response,
  maxBytes: number,
  idleTimer: NodeJS.Timeout,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  for await (const chunk of response.body ?? []) {
    idleTimer.refresh();
    received += chunk.length;
    if (received > maxBytes) throw tooLarge(url, maxBytes);
    yield chunk;
  }
}

function tooLarge(url: string, maxBytes: number): GoldsmithError {
  return new GoldsmithError('DownloadFailed', `${url} is larger than ${formatBytes(maxBytes)}`);
}
