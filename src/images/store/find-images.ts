/** From what a person typed to the named images it means. */
import { GoldsmithError } from '../../model/errors.ts';
import { formatUrn, looksLikeDigest, type ImageRef } from '../image-ref.ts';
import { foldName } from '../path-part.ts';
import { formatImageResourceId, type ImageResourceId } from '../resource-ids.ts';
import { newestBy, parseVersion, type ImageVersion } from '../versions.ts';
import { digestHex } from './layout.ts';
import type { GalleryVersionRecord, ImageRecord, PlatformImageRecord } from './records.ts';

/**
 * All images that `ref` can mean, among `images`. A version of `latest` (or none) means the newest one,
 * and skips gallery versions that are excluded from latest.
 */
export function matchImages(images: readonly ImageRecord[], ref: ImageRef): readonly ImageRecord[] {
  switch (ref.kind) {
    case 'id':
      return matchId(images, ref.id);
    case 'urn': {
      const { publisher, offer, sku, version } = ref.urn;
      const versions = images
        .filter((image) => image.kind === 'PlatformImage')
        .filter(
          (image) => same(image.publisher, publisher) && same(image.offer, offer) && same(image.sku, sku),
        );
      return pickVersion(versions, version);
    }
    case 'gallery': {
      const versions = images
        .filter((image) => image.kind === 'GalleryVersion')
        .filter((image) => same(image.gallery, ref.gallery) && same(image.definition, ref.definition));
      const definitions = Map.groupBy(versions, (image) => foldName(definitionPart(image.id)));
      return [...definitions.values()].flatMap((group) => pickVersion(group, ref.version ?? 'latest'));
    }
    case 'digest':
      return images.filter((image) => digestHex(image.digest).startsWith(ref.prefix));
    case 'name': {
      const named = images.filter((image) => image.kind === 'ManagedImage' && same(image.name, ref.name));
      if (named.length > 0 || !looksLikeDigest(ref.name)) return named;
      return images.filter((image) => digestHex(image.digest).startsWith(ref.name.toLowerCase()));
    }
    default:
      ref satisfies never;
      return [];
  }
}

/**
 * The one image that `ref` means. Names that share their content are one image for this purpose only when
 * `ref` is a digest.
 * @throws GoldsmithError `SourceNotFound` when there is none, `BadUsage` naming the candidates when several.
 */
export function findImage(images: readonly ImageRecord[], ref: ImageRef): ImageRecord {
  const [first, ...more] = matchImages(images, ref);
  if (first === undefined) {
    throw new GoldsmithError('SourceNotFound', `There is no image "${formatRef(ref)}" on this machine`, {
      hint: 'List the images with `./goldsmith images list`.',
    });
  }
  const byDigest = ref.kind === 'digest' || (ref.kind === 'name' && first.kind !== 'ManagedImage');
  const different = byDigest ? more.filter((image) => image.digest !== first.digest) : more;
  if (different.length > 0) {
    const candidates = [first, ...different].map(displayName).join(', ');
    throw new GoldsmithError('BadUsage', `"${formatRef(ref)}" can mean several images: ${candidates}`, {
      hint: 'Use the full id, or more digits of the digest.',
    });
  }
  return first;
}

/** The newest by version number; undefined when there is none that counts for `latest`. */
export function newestImage<T extends GalleryVersionRecord | PlatformImageRecord>(
  images: readonly T[],
): T | undefined {
  const counted = images.filter((image) => image.kind !== 'GalleryVersion' || !image.excludeFromLatest);
  return newestBy(counted, versionOf);
}

/** What people call an image: its ARM id or URN. */
export function displayName(image: ImageRecord): string {
  return image.kind === 'PlatformImage' ? formatUrn(image) : image.id;
}

export function formatRef(ref: ImageRef): string {
  switch (ref.kind) {
    case 'id':
      return formatImageResourceId(ref.id);
    case 'urn':
      return formatUrn(ref.urn);
    case 'gallery':
      return [ref.gallery, ref.definition, ...(ref.version === undefined ? [] : [ref.version])].join('/');
    case 'digest':
      return `gs1-sha256:${ref.prefix}`;
    case 'name':
      return ref.name;
    default:
      ref satisfies never;
      return '';
  }
}

function matchId(images: readonly ImageRecord[], id: ImageResourceId): readonly ImageRecord[] {
  if (id.kind === 'ManagedImage') {
    const wanted = formatImageResourceId(id);
    return images.filter((image) => image.kind === 'ManagedImage' && same(image.id, wanted));
  }
  const { subscription, resourceGroup, gallery, definition } = id;
  const wanted = formatImageResourceId({
    kind: 'ImageDefinition',
    subscription,
    resourceGroup,
    gallery,
    definition,
  });
  const versions = images
    .filter((image) => image.kind === 'GalleryVersion')
    .filter((image) => same(definitionPart(image.id), wanted));
  return pickVersion(versions, id.kind === 'GalleryVersion' ? id.version : 'latest');
}

function pickVersion<T extends GalleryVersionRecord | PlatformImageRecord>(
  images: readonly T[],
  version: string,
): readonly T[] {
  if (foldName(version) === 'latest') {
    const newest = newestImage(images);
    return newest === undefined ? [] : [newest];
  }
  const wanted = parseVersion(version)?.join('.');
  return images.filter((image) => wanted !== undefined && parseVersion(image.version)?.join('.') === wanted);
}

function versionOf(image: { readonly version: string }): ImageVersion {
  return parseVersion(image.version) ?? [0, 0, 0];
}

function definitionPart(versionId: string): string {
  return versionId.slice(0, versionId.search(/\/versions\/[^/]*$/i));
}

function same(a: string, b: string): boolean {
  return foldName(a) === foldName(b);
}
