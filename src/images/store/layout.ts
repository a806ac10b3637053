/**
 * Where things are in the image store. Content lies once per digest; named images are small files that
 * point to it, so one disk under ten names costs one disk.
 *
 *     blobs/<hex>/{disk.raw,image.json}
 *     managed/<subscription>/<group>/<image>.json
 *     galleries/<subscription>/<group>/<gallery>/<definition>/{definition.json,versions/<x.y.z>.json}
 *     platform/<publisher>/<offer>/<sku>/<version>.json
 *     sessions/<owner>/{held,staging,trash}
 */
import { join } from 'node:path';
import { GoldsmithError } from '../../model/errors.ts';
import type { Urn } from '../image-ref.ts';
import { encodePart } from '../path-part.ts';
import type { ImageDefinitionId, ManagedImageId } from '../resource-ids.ts';

/** Folders below the store's root. */
export interface StoreLayout {
  readonly blobs: string;
  readonly managed: string;
  readonly galleries: string;
  readonly platform: string;
  readonly sessions: string;
}

export function layoutOf(root: string): StoreLayout {
  const folder = (name: string): string => join(root, name);
  return {
    blobs: folder('blobs'),
    managed: folder('managed'),
    galleries: folder('galleries'),
    platform: folder('platform'),
    sessions: folder('sessions'),
  };
}

export function blobFolder(layout: StoreLayout, digest: string): string {
  return join(layout.blobs, digestHex(digest));
}

export function managedImageFile(layout: StoreLayout, id: ManagedImageId): string {
  const { subscription, resourceGroup, name } = id;
  return join(
    layout.managed,
    encodePart(subscription),
    encodePart(resourceGroup),
    `${encodePart(name)}.json`,
  );
}

export function definitionFolder(layout: StoreLayout, id: Omit<ImageDefinitionId, 'kind'>): string {
  const parts = [id.subscription, id.resourceGroup, id.gallery, id.definition];
  return join(layout.galleries, ...parts.map(encodePart));
}

export function platformSkuFolder(layout: StoreLayout, urn: Omit<Urn, 'version'>): string {
  return join(layout.platform, ...[urn.publisher, urn.offer, urn.sku].map(encodePart));
}

/** `gs1-sha256:<hex>` → `<hex>`. */
export function digestHex(digest: string): string {
  const hex = /^gs1-sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex === undefined) throw new GoldsmithError('Internal', `"${digest}" is not a content digest`);
  return hex;
}
