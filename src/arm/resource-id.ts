/**
 * ARM resource ids: `/subscriptions/<id>/resourceGroups/<rg>/providers/<namespace>/<type>/<name>[/<type>/<name>…]`.
 * The fixed words, the namespace and the types compare without regard to case; the names keep the
 * case they came in, and compare without regard to it.
 *
 * An id comes from a template and later names files and folders, so every name in it is checked here:
 * no separators, no `.` or `..`, no leading `-`, no control characters, at most 128 characters.
 */

export interface ResourceId {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  /** Empty for the id of a resource group itself, for example `Microsoft.Compute` otherwise. */
  readonly namespace: string;
  /** `['galleries', 'images', 'versions']`; as many as `names`. */
  readonly types: readonly string[];
  readonly names: readonly string[];
}

export type ParsedResourceId =
  | { readonly ok: true; readonly id: ResourceId }
  | { readonly ok: false; readonly problem: string };

const maxIdLength = 2048;
/** A GUID on Azure; on one's own machine any plain word may stand for a subscription. */
const subscriptionWord = /^[a-z0-9][a-z0-9-]{0,63}$/i;
const resourceGroupName = /^[\p{L}\p{N}_(][\p{L}\p{N}_.()-]{0,89}$/u;
const resourceName = /^[\p{L}\p{N}_(][\p{L}\p{N}_.()-]{0,127}$/u;
const providerWord = /^[A-Za-z][A-Za-z0-9.]{0,127}$/;

/** Reads any resource id or resource group id; a problem says in words which part is wrong. */
export function parseResourceId(text: string): ParsedResourceId {
  if (text.length > maxIdLength) return refuse(`an id has at most ${maxIdLength} characters`);
  if (!text.startsWith('/')) return refuse("an id starts with '/subscriptions/'");
  const parts = text.slice(1).split('/');
  const [subscriptions, subscriptionId, resourceGroups, resourceGroup, providers, namespace, ...rest] = parts;
  if (!sameWord(subscriptions, 'subscriptions')) return refuse("an id starts with '/subscriptions/'");
  if (subscriptionId === undefined || !subscriptionWord.test(subscriptionId)) {
    return refuse(
      'the subscription is neither a GUID nor a plain word (00000000-0000-0000-0000-000000000000 will do)',
    );
  }
  if (!sameWord(resourceGroups, 'resourceGroups') || resourceGroup === undefined) {
    return refuse("'/resourceGroups/<name>' must follow the subscription");
  }
  if (!resourceGroupName.test(resourceGroup) || resourceGroup.endsWith('.')) {
    return refuse('the resource group name is not a legal one');
  }
  const group = { subscriptionId, resourceGroup };
  if (providers === undefined) return { ok: true, id: { ...group, namespace: '', types: [], names: [] } };
  if (!sameWord(providers, 'providers') || namespace === undefined || !providerWord.test(namespace)) {
    return refuse("'/providers/<namespace>' must follow the resource group");
  }
  if (rest.length === 0 || rest.length % 2 !== 0) {
    return refuse('after the provider come pairs of a type and a name');
  }
  const types = rest.filter((_, index) => index % 2 === 0);
  const names = rest.filter((_, index) => index % 2 === 1);
  if (!types.every((type) => providerWord.test(type))) return refuse('a resource type is not a legal word');
  if (!names.every(isResourceName)) return refuse('a resource name is not a legal one');
  return { ok: true, id: { ...group, namespace, types, names } };
}

/** The canonical text of `id`; `parseResourceId` reads it back unchanged. */
export function formatResourceId(id: ResourceId): string {
  const group = `/subscriptions/${id.subscriptionId}/resourceGroups/${id.resourceGroup}`;
  if (id.namespace === '') return group;
  const pairs = id.types.map((type, index) => `/${type}/${id.names[index] ?? ''}`);
  return `${group}/providers/${id.namespace}${pairs.join('')}`;
}

/** True when both texts name one resource: ARM ids compare without regard to case. */
export function sameResourceId(a: string, b: string): boolean {
  return resourceIdKey(a) === resourceIdKey(b);
}

/** A key under which equal ids meet, for maps and sets. */
export function resourceIdKey(text: string): string {
  return text.toLowerCase().replace(/\/+$/, '');
}

/** True for a name that may stand in an id and is safe as the name of a file or folder. */
export function isResourceName(name: string): boolean {
  return resourceName.test(name) && !name.endsWith('.');
}

/** True when `id` has exactly the type `type`, for example `Microsoft.Compute/galleries/images`. */
export function hasResourceType(id: ResourceId, type: string): boolean {
  return sameWord([id.namespace, ...id.types].join('/'), type);
}

function sameWord(word: string | undefined, expected: string): boolean {
  return word?.toLowerCase() === expected.toLowerCase();
}

function refuse(problem: string): ParsedResourceId {
  return { ok: false, problem };
}
