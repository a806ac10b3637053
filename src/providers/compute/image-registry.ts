/** Images that builds published, as resources: the bytes are in the image store, here the rows are written. */
import type { Principal } from '../../identity/principal.ts';
import { parseImageResourceId } from '../../images/resource-ids.ts';
import type { ImageStore } from '../../images/store/image-store.ts';
import type { GalleryVersionRecord, ManagedImageRecord } from '../../images/store/records.ts';
import { GoldsmithError, isGoldsmithError } from '../../model/errors.ts';
import type { JsonObject } from '../../model/json.ts';
import type { ImageRegistry, PublishedImage } from '../../runs/run-ports.ts';
import type { ResourceDraft } from '../../store/records.ts';
import type { Repositories } from '../../store/store.ts';
import { locationName } from '../arm/locations.ts';
import { stamp } from '../arm/system-data.ts';
import { IMAGE_TYPE, VERSION_TYPE, type ComputeDeps } from './compute-deps.ts';
import { traitsOfDefinition } from './galleries/definition-body.ts';
import { versionProperties } from './galleries/version-body.ts';
import { publishedImageProperties } from './images/image-body.ts';

export interface RegistryDeps extends Pick<ComputeDeps, 'store' | 'openImages' | 'now'> {
  /** The image builder itself: who made the images. */
  readonly principal: Principal;
}

export function createImageRegistry(deps: RegistryDeps): ImageRegistry {
  return {
    register: async (published) => {
      using images = deps.openImages();
      const record = findPublished(images, published);
      const { virtualSizeBytes } = await images.open(record);
      await deps.store.transaction(async (repositories) => {
        await requireHome(repositories, record);
        await put(repositories, deps, record, virtualSizeBytes);
      });
    },
  };
}

function findPublished(
  images: ImageStore,
  { artifact }: PublishedImage,
): ManagedImageRecord | GalleryVersionRecord {
  try {
    const record = images.find(artifact.artifactId);
    if (record.kind !== 'PlatformImage') return record;
  } catch (error) {
    if (!isGoldsmithError(error, 'SourceNotFound', 'BadUsage')) throw error;
  }
  throw new GoldsmithError('DistributeFailed', `The image ${artifact.artifactId} was not published`);
}

/** @throws GoldsmithError `DistributeFailed` when the group or the definition is not there, or takes no such image. */
async function requireHome(
  { resources }: Repositories,
  record: ManagedImageRecord | GalleryVersionRecord,
): Promise<void> {
  const group = record.id.split('/').slice(0, 5).join('/');
  if ((await resources.get(group)) === undefined) throw missing('resource group', group);
  if (record.kind === 'ManagedImage') return;
  const definitionId = record.id.split('/').slice(0, -2).join('/');
  const definition = await resources.get(definitionId);
  if (definition === undefined) throw missing('image definition', definitionId);
  const { osType, generation, architecture, osState } = traitsOfDefinition(definition);
  if (osState === 'Specialized') {
    throw new GoldsmithError(
      'DistributeFailed',
      `The image definition ${definitionId} is one of specialized images; builds make generalized ones`,
    );
  }
  const fits =
    osType === record.osType && generation === record.generation && architecture === record.architecture;
  if (fits) return;
  throw new GoldsmithError(
    'DistributeFailed',
    `The image definition ${definitionId} is for ${osType} ${generation} ${architecture}, the image is ${record.osType} ${record.generation} ${record.architecture}`,
  );
}

async function put(
  { resources }: Repositories,
  { principal, now }: RegistryDeps,
  record: ManagedImageRecord | GalleryVersionRecord,
  diskBytes: number,
): Promise<void> {
  for (;;) {
    const before = await resources.get(record.id);
    const id = parseImageResourceId(record.id);
    const draft: ResourceDraft = {
      id: before?.id ?? record.id,
      type: record.kind === 'ManagedImage' ? IMAGE_TYPE : VERSION_TYPE,
      name: before?.name ?? (record.kind === 'ManagedImage' ? record.name : record.version),
      subscriptionId: before?.subscriptionId ?? id?.subscription ?? '',
      resourceGroup: before?.resourceGroup ?? id?.resourceGroup,
      location: locationName(record.location),
      tags: record.tags,
      body: { properties: propertiesOf(record, diskBytes) },
      secret: undefined,
      ...stamp(principal, now(), before),
    };
    const written =
      before === undefined ? await resources.insert(draft) : await resources.replace(draft, before.etag);
    if (written !== undefined) return;
  }
}

function propertiesOf(record: ManagedImageRecord | GalleryVersionRecord, diskBytes: number): JsonObject {
  if (record.kind === 'ManagedImage') {
    return publishedImageProperties({ ...record, virtualSizeBytes: diskBytes });
  }
  const { targetRegions: regions, excludeFromLatest, replicationMode, createdAt: publishedAt } = record;
  const publishing = { regions, excludeFromLatest, replicationMode };
  return {
    ...versionProperties(undefined, { publishing, diskBytes, publishedAt }),
    provisioningState: 'Succeeded',
  };
}

function missing(what: string, id: string): GoldsmithError {
  return new GoldsmithError('DistributeFailed', `The ${what} ${id} does not exist (any more)`);
}
