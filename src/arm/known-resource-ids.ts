/**
 * The ids an image template may hold, one reader each. A reader gives undefined for an id of another
 * type or form; `describe…` texts say the right form in the words an issue shows.
 */
import { formatResourceId, hasResourceType, parseResourceId, type ResourceId } from './resource-id.ts';

export const resourceIdForms = {
  resourceGroup: '/subscriptions/<id>/resourceGroups/<name>',
  image: '/subscriptions/<id>/resourceGroups/<rg>/providers/Microsoft.Compute/images/<name>',
  imageDefinition:
    '/subscriptions/<id>/resourceGroups/<rg>/providers/Microsoft.Compute/galleries/<gallery>/images/<definition>',
  imageVersion:
    '/subscriptions/<id>/resourceGroups/<rg>/providers/Microsoft.Compute/galleries/<gallery>/images/<definition>/versions/<version>',
  subnet:
    '/subscriptions/<id>/resourceGroups/<rg>/providers/Microsoft.Network/virtualNetworks/<vnet>/subnets/<subnet>',
  identity:
    '/subscriptions/<id>/resourceGroups/<rg>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>',
} as const;

export interface GalleryImageId {
  readonly resource: ResourceId;
  /** Id of the image definition, without a version. */
  readonly definitionId: string;
  readonly gallery: string;
  readonly definition: string;
  /** `x.y.z`, or `latest` where that is legal; undefined for the id of a definition. */
  readonly version: string | undefined;
}

export interface SubnetId {
  readonly resource: ResourceId;
  readonly virtualNetworkId: string;
  readonly subnet: string;
}

/** Reads the id of a resource group. */
export function parseResourceGroupId(text: string): ResourceId | undefined {
  const parsed = parseResourceId(text);
  return parsed.ok && parsed.id.namespace === '' ? parsed.id : undefined;
}

/** Reads the id of a managed image. */
export function parseImageId(text: string): ResourceId | undefined {
  return ofType(text, 'Microsoft.Compute/images');
}

/** Reads the id of a user-assigned identity. */
export function parseIdentityId(text: string): ResourceId | undefined {
  return ofType(text, 'Microsoft.ManagedIdentity/userAssignedIdentities');
}

/** Reads the id of a subnet. */
export function parseSubnetId(text: string): SubnetId | undefined {
  const resource = ofType(text, 'Microsoft.Network/virtualNetworks/subnets');
  if (resource === undefined) return undefined;
  const virtualNetworkId = formatResourceId(firstPairs(resource, 1));
  return { resource, virtualNetworkId, subnet: resource.names[1] ?? '' };
}

/** Reads the id of an image definition or of one of its versions; the version's own form is not checked. */
export function parseGalleryImageId(text: string): GalleryImageId | undefined {
  const resource =
    ofType(text, 'Microsoft.Compute/galleries/images') ??
    ofType(text, 'Microsoft.Compute/galleries/images/versions');
  if (resource === undefined) return undefined;
  const [gallery = '', definition = '', version] = resource.names;
  return { resource, definitionId: formatResourceId(firstPairs(resource, 2)), gallery, definition, version };
}

/** True for `x.y.z`, three whole numbers that fit int32: the only form a gallery version has. */
export function isGalleryVersion(version: string): boolean {
  const match = /^(0|[1-9]\d{0,9})\.(0|[1-9]\d{0,9})\.(0|[1-9]\d{0,9})$/.exec(version);
  return match !== null && match.slice(1).every((part) => Number(part) <= 2_147_483_647);
}

function ofType(text: string, type: string): ResourceId | undefined {
  const parsed = parseResourceId(text);
  return parsed.ok && hasResourceType(parsed.id, type) ? parsed.id : undefined;
}

function firstPairs(id: ResourceId, count: number): ResourceId {
  return { ...id, types: id.types.slice(0, count), names: id.names.slice(0, count) };
}
