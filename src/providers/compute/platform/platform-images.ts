/** Platform images as Azure lists them: publishers, offers, skus, versions; in every location the same. */
import type { CatalogueEntry } from '../../../images/catalogue/catalogue-file.ts';
import { foldName } from '../../../images/path-part.ts';
import type { ImageStore } from '../../../images/store/image-store.ts';
import type { PlatformImageRecord } from '../../../images/store/records.ts';
import { compareVersions, parseVersion } from '../../../images/versions.ts';
import type { ComputeDeps } from '../compute-deps.ts';

/** One version of a platform image: here already, or described in the catalogue. */
export type PlatformVersion = Pick<
  PlatformImageRecord,
  'publisher' | 'offer' | 'sku' | 'version' | 'generation' | 'osType' | 'architecture'
>;

/**
 * Everything that can be a source, oldest versions first. An image that is made anew whenever it is wanted has no
 * number before that: it is listed as `latest` until the first one is on this machine.
 */
export function platformVersions(
  deps: Pick<ComputeDeps, 'openImages' | 'catalogue'>,
): readonly PlatformVersion[] {
  using images = deps.openImages();
  const here = platformImagesIn(images);
  const skusHere = new Set(here.map(skuKey));
  const described = deps
    .catalogue()
    .filter((entry) => entry.version !== 'rolling' || !skusHere.has(skuKey(entry)))
    .map(describe);
  const all = new Map([...described, ...here].map((image) => [`${skuKey(image)}/${image.version}`, image]));
  return [...all.values()].toSorted(byVersion);
}

/** The versions of one sku. `latest` is understood as a version's name. */
export function matching(
  images: readonly PlatformVersion[],
  wanted: Readonly<Partial<Record<'publisher' | 'offer' | 'sku' | 'version', string>>>,
): readonly PlatformVersion[] {
  const { version, ...names } = wanted;
  const found = images.filter((image) =>
    (['publisher', 'offer', 'sku'] as const).every(
      (part) => names[part] === undefined || foldName(names[part]) === foldName(image[part]),
    ),
  );
  if (version === undefined) return found;
  return foldName(version) === 'latest'
    ? found.slice(-1)
    : found.filter((image) => image.version === version);
}

/** True when a template with this source can be built. */
export function isPlatformImage(
  deps: Pick<ComputeDeps, 'openImages' | 'catalogue'>,
  wanted: Readonly<Record<'publisher' | 'offer' | 'sku' | 'version', string>>,
): boolean {
  return matching(platformVersions(deps), wanted).length > 0;
}

function platformImagesIn(images: ImageStore): readonly PlatformImageRecord[] {
  return images.list().filter((image) => image.kind === 'PlatformImage');
}

function describe(entry: CatalogueEntry): PlatformVersion {
  const { publisher, offer, sku, generation, osType, architecture } = entry;
  const version = entry.version === 'rolling' ? 'latest' : entry.version;
  return { publisher, offer, sku, version, generation, osType, architecture };
}

function skuKey({ publisher, offer, sku }: Pick<PlatformVersion, 'publisher' | 'offer' | 'sku'>): string {
  return foldName(`${publisher}/${offer}/${sku}`);
}

function byVersion(a: PlatformVersion, b: PlatformVersion): number {
  const [left, right] = [parseVersion(a.version), parseVersion(b.version)];
  if (left === undefined || right === undefined)
    return Number(left === undefined) - Number(right === undefined);
  return compareVersions(left, right);
}
