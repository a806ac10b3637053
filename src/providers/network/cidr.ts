/** Ranges of IP addresses in CIDR notation (RFC 4632, section 3.1; RFC 4291, section 2.3). */
import { isIPv4, isIPv6 } from 'node:net';

export interface Cidr {
  readonly version: 4 | 6;
  /** First address as a number; the bits behind the prefix are zero. */
  readonly first: bigint;
  readonly last: bigint;
  readonly prefixLength: number;
}

export type ReadCidr =
  | { readonly ok: true; readonly cidr: Cidr }
  /** `expected`: the prefix that was probably meant, when the address has bits behind its prefix. */
  | { readonly ok: false; readonly expected: string | undefined };

export function readCidr(text: string): ReadCidr {
  const [, addressText = '', lengthText = ''] = /^([0-9a-fA-F.:]{2,45})\/(\d{1,3})$/.exec(text) ?? [];
  const address = readAddress(addressText);
  const prefixLength = Number(lengthText);
  if (address === undefined || lengthText === '') return { ok: false, expected: undefined };
  const bits = address.version === 4 ? 32 : 128;
  if (prefixLength > bits) return { ok: false, expected: undefined };
  const size = 1n << BigInt(bits - prefixLength);
  const first = (address.value / size) * size;
  const cidr: Cidr = { version: address.version, first, last: first + size - 1n, prefixLength };
  return first === address.value ? { ok: true, cidr } : { ok: false, expected: formatCidr(cidr) };
}

export interface IpAddress {
  readonly version: 4 | 6;
  readonly value: bigint;
}

/** Undefined for what is no address. Zones (`%eth0`) and IPv4 inside of IPv6 are none here. */
export function readAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) {
    return { version: 4, value: text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n) };
  }
  if (!isIPv6(text) || /[%.]/.test(text)) return undefined;
  const [front = '', back] = text.split('::');
  const words = (part: string): readonly string[] => (part === '' ? [] : part.split(':'));
  const [left, right] = [words(front), words(back ?? '')];
  const zeros = Array.from({ length: back === undefined ? 0 : 8 - left.length - right.length }, () => '0');
  const value = [...left, ...zeros, ...right].reduce((sum, word) => sum * 65_536n + BigInt(`0x${word}`), 0n);
  return { version: 6, value };
}

export function formatAddress({ version, value }: IpAddress): string {
  if (version === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const words = Array.from({ length: 8 }, (_, at) =>
    ((value >> BigInt(112 - at * 16)) & 0xffffn).toString(16),
  );
  return shortened(words);
}

export function formatCidr({ version, first, prefixLength }: Cidr): string {
  return `${formatAddress({ version, value: first })}/${prefixLength}`;
}

export function containsCidr(outer: Cidr, inner: Cidr): boolean {
  return outer.version === inner.version && outer.first <= inner.first && inner.last <= outer.last;
}

export function containsAddress(range: Cidr, { version, value }: IpAddress): boolean {
  return range.version === version && range.first <= value && value <= range.last;
}

export function overlaps(one: Cidr, two: Cidr): boolean {
  return one.version === two.version && one.first <= two.last && two.first <= one.last;
}

/** The longest run of zeros becomes `::` (RFC 5952, section 4.2). */
function shortened(words: readonly string[]): string {
  const runs = [...words.join(':').matchAll(/(?<![^:])0(?::0)+(?![^:])/g)].map(([run]) => run);
  const longest = runs.toSorted((a, b) => b.length - a.length)[0];
  if (longest === undefined) return words.join(':');
  const [front, back] = splitOnce(words.join(':'), longest);
  return `${front.replace(/:$/, '')}::${back.replace(/^:/, '')}`;
}

function splitOnce(text: string, part: string): readonly [string, string] {
  const match = new RegExp(`(?<![^:])${part}(?![^:])`).exec(text);
  const at = match?.index ?? 0;
  return [text.slice(0, at), text.slice(at + part.length)];
}
