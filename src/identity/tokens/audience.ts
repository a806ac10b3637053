/** What a token may be used for: the resource ids that clients of Azure ask tokens for. */

export type Audience = 'arm' | 'graph' | 'storage' | 'key-vault';

const known: ReadonlyMap<string, Audience> = new Map([
  ['https://management.azure.com', 'arm'],
  ['https://management.core.windows.net', 'arm'],
  ['797f4846-ba00-4fd7-ba43-dac1f8f63013', 'arm'],
  ['https://graph.microsoft.com', 'graph'],
  ['https://graph.windows.net', 'graph'],
  ['00000003-0000-0000-c000-000000000000', 'graph'],
  ['https://storage.azure.com', 'storage'],
  ['https://vault.azure.net', 'key-vault'],
]);

/**
 * The audience that `resource` names: one of Azure's own names, or an address of this service (which is its
 * resource manager and its directory at once, so that it counts as `arm`). Slashes at the end do not matter.
 * @param isOwnHost whether a host name, in lower case, is one of this service's.
 */
export function readAudience(
  resource: string,
  isOwnHost: (hostname: string) => boolean,
): Audience | undefined {
  const word = resource.toLowerCase().replace(/\/+$/, '');
  const azure = known.get(word);
  if (azure !== undefined) return azure;
  const url = URL.parse(word);
  return url?.protocol === 'https:' && isOwnHost(url.hostname) ? 'arm' : undefined;
}

/** The resource of a v2.0 scope: `https://management.azure.com//.default` is `https://management.azure.com/`. */
export function resourceOfScope(scope: string): string | undefined {
  const word = scope.split(' ').find((part) => part.endsWith('/.default'));
  return word?.slice(0, -'/.default'.length);
}
