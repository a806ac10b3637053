/** `properties.distribute[]` (reference 1.8, 2.6). */
import { z } from 'zod';
import type { Target, TargetRegion, Versioning } from '../../../model/image-template.ts';
import { isGalleryVersion, parseGalleryImageId, resourceIdForms } from '../../known-resource-ids.ts';
import { list, maxInt32, optional, text, wholeNumber } from '../scalars.ts';
import { resourceIdText } from './resource-id-text.ts';
import { artifactLocationOrEmpty } from './artifact-location.ts';
import { location, regionName, resourceNameRule, tags } from './resource.ts';
import { managedImageId } from './source.ts';

/** A template has at most this many targets, and a gallery target this many regions. */
export const maxTargets = 100;
const maxRegions = 100;

const targetFields = { runOutputName: text(resourceNameRule), artifactTags: optional(tags) } as const;

export const managedImageTarget = z.object({
  type: z.literal('ManagedImage'),
  ...targetFields,
  imageId: managedImageId,
  location,
});

/** A VHD in the default place only. */
export const vhdTarget = z.object({ type: z.literal('VHD'), ...targetFields });

/** A VHD in the default place or at `uri` (2022-07-01 and newer). */
export const vhdTargetWithUri = z.object({
  type: z.literal('VHD'),
  ...targetFields,
  uri: optional(artifactLocationOrEmpty),
});

export const replicationRegions = optional(list(location, maxRegions));
export const excludeFromLatest = optional(z.boolean());
export const replicationMode = optional(z.enum(['Full', 'Shallow']));

/** Storage types by what a version knows. */
export const storageTypesBeforePremium = z.enum(['Standard_LRS', 'Standard_ZRS']);
export const storageTypes = z.enum(['Standard_LRS', 'Standard_ZRS', 'Premium_LRS']);

export const targetRegions = optional(
  list(
    z.object({
      name: location,
      replicaCount: optional(wholeNumber(1, 100)),
      storageAccountType: optional(storageTypes),
    }),
    maxRegions,
  ),
);

export const versioning = optional(
  z.discriminatedUnion('scheme', [
    z.object({ scheme: z.literal('Latest'), major: optional(wholeNumber(-1, maxInt32)) }),
    z.object({ scheme: z.literal('Source') }),
  ]),
);

/** What every gallery target has; a version adds its own fields. */
export const sharedImageFields = {
  type: z.literal('SharedImage'),
  ...targetFields,
  galleryImageId: resourceIdText({
    expected: `the id of an image definition, ${resourceIdForms.imageDefinition}, or of a version of it, …/versions/x.y.z`,
    accepts: (value) => {
      const id = parseGalleryImageId(value);
      return id !== undefined && (id.version === undefined || isGalleryVersion(id.version));
    },
  }),
} as const;

interface WireTargetBase {
  readonly runOutputName: string;
  readonly artifactTags?: Readonly<Record<string, string>>;
}
interface WireSharedImage extends WireTargetBase {
  readonly type: 'SharedImage';
  readonly galleryImageId: string;
  readonly replicationRegions?: readonly string[];
  readonly storageAccountType?: string;
  readonly excludeFromLatest?: boolean;
  readonly targetRegions?: readonly {
    readonly name: string;
    readonly replicaCount?: number;
    readonly storageAccountType?: string;
  }[];
  readonly versioning?:
    | { readonly scheme: 'Latest'; readonly major?: number }
    | { readonly scheme: 'Source' };
  readonly replicationMode?: 'Full' | 'Shallow';
}
type WireTarget =
  | WireSharedImage
  | (WireTargetBase & { readonly type: 'ManagedImage'; readonly imageId: string; readonly location: string })
  | (WireTargetBase & { readonly type: 'VHD'; readonly uri?: string });

export function fromTarget(wire: WireTarget): Target {
  const common = { runOutputName: wire.runOutputName, artifactTags: wire.artifactTags ?? {} };
  switch (wire.type) {
    case 'ManagedImage':
      return { ...common, type: wire.type, imageId: wire.imageId, location: regionName(wire.location) };
    case 'VHD':
      return { ...common, type: wire.type, uri: wire.uri || undefined };
    default: {
      const id = parseGalleryImageId(wire.galleryImageId);
      return {
        ...common,
        type: wire.type,
        imageDefinitionId: id?.definitionId ?? wire.galleryImageId,
        explicitVersion: id?.version,
        versioning: fromVersioning(wire.versioning),
        excludeFromLatest: wire.excludeFromLatest ?? false,
        targetRegions: fromRegions(wire),
        replicationMode: wire.replicationMode ?? 'Full',
      };
    }
  }
}

function fromVersioning(wire: WireSharedImage['versioning']): Versioning {
  if (wire?.scheme === 'Source') return { scheme: 'Source' };
  const major = wire?.major ?? -1;
  return { scheme: 'Latest', major: major === -1 ? undefined : major };
}

function fromRegions(wire: WireSharedImage): readonly TargetRegion[] {
  const defaultStorage = wire.storageAccountType ?? 'Standard_LRS';
  const deprecated = (wire.replicationRegions ?? []).map((name) => ({ name }));
  const regions: NonNullable<WireSharedImage['targetRegions']> = wire.targetRegions ?? deprecated;
  return regions.map((region) => ({
    name: regionName(region.name),
    replicaCount: region.replicaCount ?? 1,
    storageAccountType: region.storageAccountType ?? defaultStorage,
  }));
}
