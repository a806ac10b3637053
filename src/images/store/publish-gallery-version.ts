/** New versions in a local gallery: definition made on first use, version number taken atomically. */
import { join } from 'node:path';
import { GoldsmithError, type ErrorDetail } from '../../model/errors.ts';
import type { TargetRegion, Versioning } from '../../model/image-template.ts';
import type { ImageFacts } from '../../model/image.ts';
import { formatImageResourceId, type ImageDefinitionId } from '../resource-ids.ts';
import { chooseVersion, formatVersion, parseVersion, type ImageVersion } from '../versions.ts';
import { traitsOf } from './content.ts';
import { definitionFolder, type StoreLayout } from './layout.ts';
import {
  galleryVersionRecord,
  imageDefinitionRecord,
  type GalleryVersionRecord,
  type ImageDefinitionRecord,
  type ImageOrigin,
} from './records.ts';
import { createRecord, readRecord, readRecords } from './record-files.ts';
import type { Session } from './session.ts';

export interface GalleryVersionRequest {
  readonly definitionId: ImageDefinitionId;
  /** `x.y.z`; undefined = chosen by `versioning`. */
  readonly explicitVersion: string | undefined;
  readonly versioning: Versioning;
  /** Exact version of the source image, for scheme `Source`. */
  readonly sourceVersion: string | undefined;
  /** Region of a definition that is made now. */
  readonly location: string;
  readonly excludeFromLatest: boolean;
  readonly targetRegions: readonly TargetRegion[];
  readonly replicationMode: 'Full' | 'Shallow';
  readonly tags: Readonly<Record<string, string>>;
  readonly origin: ImageOrigin;
}

/**
 * Publishes content that the session holds as a gallery version.
 * @throws GoldsmithError `DistributeFailed` when the definition does not fit the image or no version can be
 * chosen, `Conflict` when the explicit or the source's version exists.
 */
export function publishGalleryVersion(
  layout: StoreLayout,
  session: Session,
  facts: ImageFacts,
  request: GalleryVersionRequest,
  createdAt: string,
): GalleryVersionRecord {
  const folder = definitionFolder(layout, request.definitionId);
  const definition = ensureDefinition(session, folder, facts, request, createdAt);
  for (;;) {
    const version = nextVersion(folder, request);
    const record = describe(definition, facts, request, formatVersion(version), createdAt);
    if (createRecord(session, join(folder, 'versions', `${record.version}.json`), record)) return record;
    if (request.explicitVersion !== undefined || request.versioning.scheme === 'Source') {
      throw new GoldsmithError('Conflict', `Gallery version ${record.version} of ${definition.id} exists`, {
        hint: 'Published versions never change: choose another version or let one be chosen.',
      });
    }
  }
}

/** Versions of one definition, in no particular order. */
export function readGalleryVersions(
  layout: StoreLayout,
  id: Omit<ImageDefinitionId, 'kind'>,
): readonly GalleryVersionRecord[] {
  return readRecords(galleryVersionRecord, join(definitionFolder(layout, id), 'versions'), 0);
}

function ensureDefinition(
  session: Session,
  folder: string,
  facts: ImageFacts,
  request: GalleryVersionRequest,
  createdAt: string,
): ImageDefinitionRecord {
  const path = join(folder, 'definition.json');
  const id = request.definitionId;
  const wanted: ImageDefinitionRecord = {
    kind: 'ImageDefinition',
    id: formatImageResourceId(id),
    gallery: id.gallery,
    definition: id.definition,
    location: request.location,
    osState: 'Generalized',
    osType: facts.osType,
    generation: facts.generation,
    architecture: facts.architecture,
    createdAt,
  };
  for (;;) {
    const existing = readRecord(imageDefinitionRecord, path);
    if (existing !== undefined) {
      requireFit(existing, facts);
      return existing;
    }
    if (createRecord(session, path, wanted)) return wanted;
  }
}

function requireFit(definition: ImageDefinitionRecord, facts: ImageFacts): void {
  const problems = (['osType', 'generation', 'architecture'] as const).flatMap((property): ErrorDetail[] =>
    definition[property] === facts[property]
      ? []
      : [
          {
            code: 'DefinitionMismatch',
            target: property,
            message: `${property} of the definition is ${definition[property]}, of the image ${facts[property]}`,
          },
        ],
  );
  if (problems.length === 0) return;
  const list = problems.map((problem) => problem.message).join('; ');
  throw new GoldsmithError(
    'DistributeFailed',
    `The image does not fit image definition ${definition.id}: ${list}`,
    { details: problems, hint: 'Publish to another image definition; a definition never changes.' },
  );
}

function nextVersion(folder: string, request: GalleryVersionRequest): ImageVersion {
  if (request.explicitVersion !== undefined) {
    const version = parseVersion(request.explicitVersion);
    if (version !== undefined) return version;
    throw new GoldsmithError(
      'DistributeFailed',
      `"${request.explicitVersion}" is not a gallery version: three 32-bit numbers with dots are wanted`,
    );
  }
  const existing = readRecords(galleryVersionRecord, join(folder, 'versions'), 0);
  return chooseVersion(
    request.versioning,
    existing.flatMap((record) => [parseVersion(record.version) ?? []].filter(isVersion)),
    request.sourceVersion,
  );
}

function isVersion(parts: readonly number[]): parts is ImageVersion {
  return parts.length === 3;
}

function describe(
  definition: ImageDefinitionRecord,
  facts: ImageFacts,
  request: GalleryVersionRequest,
  version: string,
  createdAt: string,
): GalleryVersionRecord {
  // Without regions Azure replicates to the definition's own.
  const regions: readonly TargetRegion[] =
    request.targetRegions.length > 0
      ? request.targetRegions
      : [{ name: definition.location, replicaCount: 1, storageAccountType: 'Standard_LRS' }];
  return {
    kind: 'GalleryVersion',
    id: `${definition.id}/versions/${version}`,
    gallery: definition.gallery,
    definition: definition.definition,
    version,
    location: definition.location,
    excludeFromLatest: request.excludeFromLatest,
    // Every region is this machine and links to the one content, so a region is complete at once.
    targetRegions: regions.map(({ name, replicaCount, storageAccountType }) => ({
      name,
      replicaCount,
      storageAccountType,
      state: 'Completed',
      progress: 100,
    })),
    replicationMode: request.replicationMode,
    ...traitsOf(facts),
    createdAt,
    tags: { ...request.tags },
    origin: request.origin,
  };
}
