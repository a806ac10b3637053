/** What an image version is on the wire (`Microsoft.Compute/galleries/images/versions`). */
import { z } from 'zod';
import { optional, readOnly } from '../../../arm/wire/scalars.ts';
import { tags } from '../../../arm/wire/template/resource.ts';
import type { TargetRegion } from '../../../model/image-template.ts';
import { GIB } from '../../../model/sizes.ts';
import { plainJson, isJsonObject, type JsonObject } from '../../../model/json.ts';
import type { ResourceRecord } from '../../../store/records.ts';
import { findLocation, locationName, requireLocation } from '../../arm/locations.ts';
import { queryParameter } from '../../arm/paging.ts';
import { wireOf } from '../../arm/wire-of.ts';
import type { ArmRequest } from '../../resource-provider.ts';
import { VERSION_TYPE } from '../compute-deps.ts';
import { invalidParameter } from '../compute-errors.ts';
import { arrayAt, objectAt, propertiesOf } from '../stored-fields.ts';

const storageType = z.enum([
  'Standard_LRS',
  'Standard_ZRS',
  'Premium_LRS',
  'PremiumV2_LRS',
  'StandardSSD_LRS',
]);
const id = z.string().max(2048);
const count = z.int().min(1).max(100);

const publishingProfile = z.object({
  targetRegions: optional(
    z
      .array(
        z.object({
          name: z.string().max(100),
          regionalReplicaCount: optional(count),
          storageAccountType: optional(storageType),
          excludeFromLatest: optional(z.boolean()),
          encryption: readOnly,
        }),
      )
      .max(100),
  ),
  replicaCount: optional(count),
  excludeFromLatest: optional(z.boolean()),
  publishedDate: readOnly,
  endOfLifeDate: optional(z.string().max(64)),
  storageAccountType: optional(storageType),
  replicationMode: optional(z.enum(['Full', 'Shallow'])),
  targetExtendedLocations: readOnly,
});

const storageProfile = z.object({
  source: optional(
    z.object({ id: optional(id), virtualMachineId: optional(id), communityGalleryImageId: optional(id) }),
  ),
  osDiskImage: optional(
    z.object({
      sizeInGB: readOnly,
      hostCaching: optional(z.enum(['None', 'ReadOnly', 'ReadWrite'])),
      source: optional(z.object({ id: optional(id), uri: optional(id), storageAccountId: optional(id) })),
    }),
  ),
  dataDiskImages: optional(z.array(z.looseObject({}))),
});

const safetyProfile = z.object({
  allowDeletionOfReplicatedLocations: optional(z.boolean()),
  blockDeletionBeforeEndOfLife: optional(z.boolean()),
  reportedForPolicyViolation: readOnly,
  policyViolations: readOnly,
});

export const versionBody = z.object({
  location: z.string().max(100),
  tags: optional(tags),
  properties: z.object({
    publishingProfile: optional(publishingProfile),
    storageProfile: storageProfile,
    safetyProfile: optional(safetyProfile),
    provisioningState: readOnly,
    replicationStatus: readOnly,
    securityProfile: readOnly,
  }),
});

export type VersionProperties = z.output<typeof versionBody>['properties'];

/** Where a version is offered and whether it counts for `latest`. */
export interface Publishing {
  readonly regions: readonly TargetRegion[];
  readonly excludeFromLatest: boolean;
  readonly replicationMode: 'Full' | 'Shallow';
}

/**
 * @param location of the version; the only region when the request names none.
 * @throws ArmError 400 `InvalidParameter` for unknown or double regions, and when `location` is not among them.
 */
export function publishingOf(properties: VersionProperties, location: string): Publishing {
  const { publishingProfile: profile } = properties;
  const target = 'galleryImageVersion.properties.publishingProfile.targetRegions';
  const standard = {
    replicaCount: profile?.replicaCount ?? 1,
    storageAccountType: profile?.storageAccountType ?? 'Standard_LRS',
  };
  const given = profile?.targetRegions ?? [];
  const regions =
    given.length === 0
      ? [{ name: location, ...standard }]
      : given.map((region) => ({
          name: requireLocation(region.name, VERSION_TYPE),
          replicaCount: region.regionalReplicaCount ?? standard.replicaCount,
          storageAccountType: region.storageAccountType ?? standard.storageAccountType,
        }));
  const names = regions.map(({ name }) => name);
  if (new Set(names).size < names.length) throw invalidParameter(target, 'A target region is named twice.');
  if (!names.includes(location)) {
    throw invalidParameter(
      target,
      `The target regions must contain '${location}', the location of the image version.`,
    );
  }
  return {
    regions,
    excludeFromLatest: profile?.excludeFromLatest ?? false,
    replicationMode: profile?.replicationMode ?? 'Full',
  };
}

export interface PublishedFacts {
  readonly publishing: Publishing;
  /** Bytes; undefined as long as the image is read. */
  readonly diskBytes: number | undefined;
  /** ISO 8601. */
  readonly publishedAt: string;
}

/** `properties` as they are stored, without `provisioningState`. */
export function versionProperties(given: VersionProperties | undefined, facts: PublishedFacts): JsonObject {
  const { publishing, diskBytes, publishedAt } = facts;
  const osDiskImage = given?.storageProfile.osDiskImage;
  return plainJson({
    publishingProfile: {
      targetRegions: publishing.regions.map(({ name, replicaCount, storageAccountType }) => ({
        name: displayRegion(name),
        regionalReplicaCount: replicaCount,
        storageAccountType,
      })),
      replicaCount: given?.publishingProfile?.replicaCount ?? 1,
      excludeFromLatest: publishing.excludeFromLatest,
      publishedDate: publishedAt,
      endOfLifeDate: given?.publishingProfile?.endOfLifeDate,
      storageAccountType: given?.publishingProfile?.storageAccountType ?? 'Standard_LRS',
      replicationMode: publishing.replicationMode,
    },
    storageProfile: {
      source: given?.storageProfile.source ?? {},
      osDiskImage: {
        sizeInGB: diskBytes === undefined ? undefined : Math.ceil(diskBytes / GIB),
        hostCaching: osDiskImage?.hostCaching ?? 'ReadWrite',
        source: osDiskImage?.source ?? {},
      },
    },
    safetyProfile: {
      allowDeletionOfReplicatedLocations: given?.safetyProfile?.allowDeletionOfReplicatedLocations ?? true,
      reportedForPolicyViolation: false,
      blockDeletionBeforeEndOfLife: given?.safetyProfile?.blockDeletionBeforeEndOfLife,
    },
  });
}

/** The resource; with `$expand=ReplicationStatus` how far each region has come. */
export function versionWire(record: ResourceRecord, request: Pick<ArmRequest, 'url'>): object {
  const wire = wireOf(record, { systemData: false });
  if (queryParameter(request.url, '$expand')?.toLowerCase() !== 'replicationstatus') return wire;
  const properties = propertiesOf(record);
  return { ...wire, properties: { ...properties, replicationStatus: replicationStatus(properties) } };
}

/** Every region is this machine, so that all have the image when one has. */
function replicationStatus(properties: JsonObject): object {
  const regions = arrayAt(objectAt(properties, 'publishingProfile'), 'targetRegions');
  const ended = { Succeeded: ['Completed', 100], Failed: ['Failed', 0] } as const;
  const state = properties['provisioningState'];
  const [word, progress] = state === 'Succeeded' || state === 'Failed' ? ended[state] : ['Replicating', 0];
  return {
    aggregatedState: word === 'Replicating' ? 'InProgress' : word,
    summary: regions.filter(isJsonObject).map((region) => ({
      region: region['name'],
      state: word,
      details: '',
      progress,
    })),
  };
}

/** `West US 2`, as Azure Compute writes regions here. */
export function displayRegion(name: string): string {
  return findLocation(name)?.displayName ?? locationName(name);
}
