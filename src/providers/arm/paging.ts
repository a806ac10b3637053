/** Lists in pages: `$top` and `$skipToken` of the request, `value` and `nextLink` of the answer. */
import { ArmError } from '../../arm/arm-error.ts';
import type { Page, PageOf } from '../../store/store.ts';
import type { ArmReply, ArmRequest } from '../resource-provider.ts';

export interface PagingOptions {
  /** Items of a page when the request asks for no other number; default 200. */
  readonly limit?: number;
}

const defaultLimit = 200;
const maxLimit = 1000;
const maxTokenLength = 4096;

/**
 * What the request asks for.
 * @throws ArmError 400 for a `$top` that is no number of at least 1, or a `$skipToken` that is not ours.
 */
export function pageOf(request: Pick<ArmRequest, 'url'>, options: PagingOptions = {}): Page {
  const token = queryParameter(request.url, '$skipToken');
  const top = queryParameter(request.url, '$top');
  const limit = top === undefined ? (options.limit ?? defaultLimit) : readTop(top);
  return token === undefined || token === '' ? { limit } : { limit, after: readToken(token) };
}

/** 200 with one page; `nextLink` is the request's own URL with another `$skipToken`. */
export async function pageReply<T>(
  request: Pick<ArmRequest, 'url'>,
  page: PageOf<T>,
  toWire: (item: T) => object | Promise<object>,
): Promise<ArmReply> {
  const value = await Promise.all(page.items.map(async (item) => toWire(item)));
  if (page.next === undefined) return { status: 200, body: { value } };
  return { status: 200, body: { value, nextLink: nextLink(request.url, page.next) } };
}

/** A query parameter by its name without regard to case, as ARM reads them. */
export function queryParameter(url: URL, name: string): string | undefined {
  for (const [key, value] of url.searchParams) {
    if (key.toLowerCase() === name.toLowerCase()) return value;
  }
  return undefined;
}

function nextLink(url: URL, next: string): string {
  const link = new URL(url);
  for (const key of [...link.searchParams.keys()]) {
    if (key.toLowerCase() === '$skiptoken') link.searchParams.delete(key);
  }
  link.searchParams.set('$skipToken', Buffer.from(next, 'utf8').toString('base64url'));
  return link.href;
}

function readTop(text: string): number {
  const top = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (top < 1) {
    throw new ArmError(
      400,
      'InvalidParameter',
      `The value '${text.slice(0, 40)}' of '$top' is not a positive number.`,
    );
  }
  return Math.min(top, maxLimit);
}

function readToken(token: string): string {
  const text = token.length > maxTokenLength ? '' : Buffer.from(token, 'base64url').toString('utf8');
  // A NUL is no text for PostgreSQL, and U+FFFD is what a token that nobody gave out decodes to.
  if (text === '' || /[\u0000\uFFFD]/.test(text)) {
    throw new ArmError(400, 'InvalidSkipToken', "The value of '$skipToken' did not come from a 'nextLink'.");
  }
  return text;
}
