/** Names of accounts, containers and blobs ("Naming and Referencing Containers, Blobs, and Metadata" of Azure Storage). */
import { GoldsmithError } from '../../model/errors.ts';

/** 3 to 24 lower-case letters and digits. */
export function isAccountName(name: string): boolean {
  return /^[a-z0-9]{3,24}$/.test(name);
}

/** 3 to 63 lower-case letters, digits and single hyphens, none at the ends; or `$root`, `$web`, `$logs`. */
export function isContainerName(name: string): boolean {
  return /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || /^\$(root|web|logs)$/.test(name);
}

/** @throws GoldsmithError `BadUsage`. */
export function requireContainerName(name: string): string {
  if (isContainerName(name)) return name;
  throw new GoldsmithError('BadUsage', `"${name.slice(0, 80)}" cannot be the name of a blob container`);
}

/** A blob name in a URL: each part encoded, slashes kept. */
export function encodeBlobName(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/');
}

/** Container and blob of `url` below `endpoint` (no slash at its end); undefined when it is not below it. */
export function pathBelow(
  endpoint: string,
  url: string,
): { readonly container: string; readonly blob: string } | undefined {
  const [base, given] = [URL.parse(endpoint), URL.parse(url)];
  if (base === null || given === null || base.host !== given.host) return undefined;
  const prefix = `${base.pathname.replace(/\/$/, '')}/`;
  if (!given.pathname.startsWith(prefix)) return undefined;
  const [container = '', ...blob] = given.pathname.slice(prefix.length).split('/');
  if (!isContainerName(container) || blob.join('/') === '') return undefined;
  try {
    return { container, blob: blob.map(decodeURIComponent).join('/') };
  } catch {
    return undefined; // percent signs that encode nothing
  }
}
