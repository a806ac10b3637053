/** A version's bytes in the image store, under the version's own id. */
import { GoldsmithError, isGoldsmithError } from '../../../model/errors.ts';
import type { ImageFacts } from '../../../model/image.ts';
import { definitionOf, parseImageResourceId, type GalleryVersionId } from '../../../images/resource-ids.ts';
import type { ImageStore } from '../../../images/store/image-store.ts';
import type { GalleryVersionRecord, ImageOrigin } from '../../../images/store/records.ts';
import type { Publishing } from './version-body.ts';

export interface VersionToPublish {
  /** ARM id of the version. */
  readonly id: string;
  readonly location: string;
  readonly publishing: Publishing;
  readonly tags: Readonly<Record<string, string>>;
  readonly origin: ImageOrigin;
}

/**
 * Publishes content that `images` holds. A version that is there with the same content is taken as it is: an
 * earlier attempt got that far.
 * @throws GoldsmithError `DistributeFailed` when it does not fit its definition, `Conflict`.
 */
export function publishVersion(
  images: ImageStore,
  facts: ImageFacts,
  version: VersionToPublish,
): GalleryVersionRecord {
  const id = versionIdOf(version.id);
  const { regions, excludeFromLatest, replicationMode } = version.publishing;
  try {
    return images.publishGalleryVersion(facts, {
      definitionId: definitionOf(id),
      explicitVersion: id.version,
      versioning: { scheme: 'Latest', major: undefined },
      sourceVersion: undefined,
      ...{ location: version.location, excludeFromLatest, targetRegions: regions, replicationMode },
      ...{ tags: version.tags, origin: version.origin },
    });
  } catch (error) {
    if (!isGoldsmithError(error, 'Conflict')) throw error;
    const existing = images
      .galleryVersions(definitionOf(id))
      .find((found) => found.version === id.version && found.digest === facts.digest);
    if (existing === undefined) throw error;
    return existing;
  }
}

/** @throws GoldsmithError `Internal` for an id of something else. */
export function versionIdOf(id: string): GalleryVersionId {
  const parsed = parseImageResourceId(id);
  if (parsed?.kind === 'GalleryVersion') return parsed;
  throw new GoldsmithError('Internal', `"${id}" is not the id of an image version`);
}
