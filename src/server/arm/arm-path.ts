/**
 * Reads the path of an ARM request: `/subscriptions/{id}[/resourceGroups/{name}]`, then any number of
 * `/providers/{namespace}/{type}/{name}/…` parts, of which the last one is meant and the others are its scope.
 */
import { ArmError } from '../../arm/arm-error.ts';
import { isResourceName } from '../../arm/resource-id.ts';

export interface ArmPath {
  /** Decoded, without the empty ones at the ends. */
  readonly segments: readonly string[];
  readonly subscriptionId: string | undefined;
  readonly resourceGroup: string | undefined;
  /** In the order of the path. */
  readonly parts: readonly ProviderPart[];
  /** What follows subscription and group when no provider does. */
  readonly rest: readonly string[];
}

export interface ProviderPart {
  readonly namespace: string;
  /** Types and names in turn; an odd count ends with a type (or, in a POST, with the name of an action). */
  readonly words: readonly string[];
}

const maxPathLength = 4096;

/** @throws ArmError 400 for what no legal path contains: bad escapes, control characters, empty or illegal names. */
export function readArmPath(pathname: string): ArmPath {
  if (pathname.length > maxPathLength) throw badPath('The request path is too long.');
  // Doubled slashes count as one: `az resource` leaves an empty parent between namespace and type.
  const segments = pathname
    .split('/')
    .filter((segment) => segment !== '')
    .map(decode);
  let at = 0;
  const takePair = (word: string): string | undefined => {
    if (segments[at]?.toLowerCase() !== word || at + 1 >= segments.length) return undefined;
    at += 2;
    return segments[at - 1];
  };
  const subscriptionId = takePair('subscriptions');
  const resourceGroup = subscriptionId === undefined ? undefined : takePair('resourcegroups');
  const parts: ProviderPart[] = [];
  for (let namespace = takePair('providers'); namespace !== undefined; namespace = takePair('providers')) {
    const words: string[] = [];
    while (at < segments.length && segments[at]?.toLowerCase() !== 'providers') {
      words.push(...segments.slice(at, at + 2));
      at += 2;
    }
    parts.push({ namespace, words });
  }
  return { segments, subscriptionId, resourceGroup, parts, rest: segments.slice(at) };
}

/**
 * Refuses names that could not be stored.
 * @throws ArmError 400 `InvalidResourceName`.
 */
export function checkNames(names: readonly string[]): void {
  for (const name of names) {
    if (isResourceName(name)) continue;
    throw new ArmError(
      400,
      'InvalidResourceName',
      `Resource name '${name.slice(0, 128)}' is invalid. The name can be up to 128 characters long. It starts with a letter, a digit, an underscore or a parenthesis, and holds only those, hyphens and periods; the last character is no period.`,
    );
  }
}

function decode(segment: string): string {
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch {
    throw badPath('The request path holds an escape that cannot be decoded.');
  }
  if (text === '' || text.length > 512 || /[\p{Cc}\p{Cs}/\\]/u.test(text)) {
    throw badPath('The request path holds an empty segment, or characters that no resource id may have.');
  }
  return text;
}

function badPath(message: string): ArmError {
  return new ArmError(400, 'InvalidRequestUri', message);
}
