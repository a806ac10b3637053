/** `properties.source` (reference 1.5 and 3). */
import { z } from 'zod';
import type { Source } from '../../../model/image-template.ts';
import {
  isGalleryVersion,
  parseGalleryImageId,
  parseImageId,
  resourceIdForms,
} from '../../known-resource-ids.ts';
import { optional, readOnly, text } from '../scalars.ts';
import { resourceIdText } from './resource-id-text.ts';

const urnWord = {
  expected: 'a word of up to 128 letters, digits, hyphens, underscores and dots',
  accepts: (value: string) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(value),
};

/** All three fields or no `planInfo` at all. */
const planInfo = z.object({
  planName: text(urnWord),
  planProduct: text(urnWord),
  planPublisher: text(urnWord),
});

export const platformImageSource = z.object({
  type: z.literal('PlatformImage'),
  publisher: text(urnWord),
  offer: text(urnWord),
  sku: text(urnWord),
  version: text(urnWord),
  exactVersion: readOnly,
  planInfo: optional(planInfo),
});

/** The id of a managed image. */
export const managedImageId = resourceIdText({
  expected: `the id of a managed image, ${resourceIdForms.image}`,
  accepts: (value) => parseImageId(value) !== undefined,
});

export const managedImageSource = z.object({ type: z.literal('ManagedImage'), imageId: managedImageId });

/** A gallery version by its number. */
export const sharedImageVersionSource = z.object({
  type: z.literal('SharedImageVersion'),
  imageVersionId: resourceIdText({
    expected: `the id of a gallery version x.y.z, ${resourceIdForms.imageVersion}`,
    accepts: (value) => isGalleryVersion(parseGalleryImageId(value)?.version ?? ''),
  }),
});

/** A gallery version by its number or `latest` (2022-07-01 and newer). */
export const sharedImageVersionOrLatestSource = z.object({
  type: z.literal('SharedImageVersion'),
  imageVersionId: resourceIdText({
    expected: `the id of a gallery version x.y.z or latest, ${resourceIdForms.imageVersion}`,
    accepts: (value) => {
      const version = parseGalleryImageId(value)?.version ?? '';
      return isGalleryVersion(version) || isLatest(version);
    },
  }),
  exactVersion: readOnly,
});

interface WirePlatformImage extends Omit<z.output<typeof platformImageSource>, 'exactVersion'> {
  readonly exactVersion?: unknown;
}
type WireSource =
  | WirePlatformImage
  | z.output<typeof managedImageSource>
  | { readonly type: 'SharedImageVersion'; readonly imageVersionId: string };

export function fromSource(wire: WireSource): Source {
  switch (wire.type) {
    case 'PlatformImage': {
      const { type, publisher, offer, sku, planInfo } = wire;
      const version = isLatest(wire.version) ? 'latest' : wire.version;
      return { type, publisher, offer, sku, version, planInfo };
    }
    case 'ManagedImage':
      return { type: wire.type, imageId: wire.imageId };
    default:
      return { type: wire.type, imageVersionId: wire.imageVersionId.replace(/\/latest$/i, '/latest') };
  }
}

function isLatest(version: string): boolean {
  return version.toLowerCase() === 'latest';
}
