/**
 * The ARM ids that name images: `Microsoft.Compute/images`, `/galleries/images` and
 * `/galleries/images/versions`. Segment names match in any case; values keep theirs for display.
 */

export interface ManagedImageId {
  readonly kind: 'ManagedImage';
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly name: string;
}

export interface ImageDefinitionId {
  readonly kind: 'ImageDefinition';
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly gallery: string;
  readonly definition: string;
}

export interface GalleryVersionId extends Omit<ImageDefinitionId, 'kind'> {
  readonly kind: 'GalleryVersion';
  /** `x.y.z` or `latest`. */
  readonly version: string;
}

export type ImageResourceId = ManagedImageId | ImageDefinitionId | GalleryVersionId;

/** Subscription and group of images that were named on this machine and not by an ARM id. */
export const LOCAL_SUBSCRIPTION = '00000000-0000-0000-0000-000000000000';
export const LOCAL_RESOURCE_GROUP = 'local';

const GROUP = String.raw`^/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/Microsoft\.Compute`;
const IMAGE = new RegExp(String.raw`${GROUP}/images/([^/]+)$`, 'i');
const GALLERY = new RegExp(String.raw`${GROUP}/galleries/([^/]+)/images/([^/]+)(?:/versions/([^/]+))?$`, 'i');

/** Parses an id; undefined when it names something else. */
export function parseImageResourceId(id: string): ImageResourceId | undefined {
  const [, subscription = '', resourceGroup = '', name] = IMAGE.exec(id) ?? [];
  if (name !== undefined) return { kind: 'ManagedImage', subscription, resourceGroup, name };
  const [, sub = '', group = '', gallery = '', definition, version] = GALLERY.exec(id) ?? [];
  if (definition === undefined) return undefined;
  const base = { subscription: sub, resourceGroup: group, gallery, definition };
  return version === undefined
    ? { kind: 'ImageDefinition', ...base }
    : { kind: 'GalleryVersion', ...base, version };
}

/** The id as text, in the spelling of its parts. */
export function formatImageResourceId(id: ImageResourceId): string {
  const compute = `/subscriptions/${id.subscription}/resourceGroups/${id.resourceGroup}/providers/Microsoft.Compute`;
  if (id.kind === 'ManagedImage') return `${compute}/images/${id.name}`;
  const definition = `${compute}/galleries/${id.gallery}/images/${id.definition}`;
  return id.kind === 'ImageDefinition' ? definition : `${definition}/versions/${id.version}`;
}

/** The definition that a version belongs to. */
export function definitionOf(id: GalleryVersionId): ImageDefinitionId {
  const { subscription, resourceGroup, gallery, definition } = id;
  return { kind: 'ImageDefinition', subscription, resourceGroup, gallery, definition };
}

/** The id of a managed image that has only a short name. */
export function localManagedImageId(name: string): ManagedImageId {
  return {
    kind: 'ManagedImage',
    subscription: LOCAL_SUBSCRIPTION,
    resourceGroup: LOCAL_RESOURCE_GROUP,
    name,
  };
}
