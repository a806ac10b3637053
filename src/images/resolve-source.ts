/** From a template's source, or what a person typed, to bytes on this machine. */
import { GoldsmithError, isGoldsmithError } from '../model/errors.ts';
import type { Source } from '../model/image-template.ts';
import type { ImageFacts } from '../model/image.ts';
import { acquireImage, type AcquireContext } from './catalogue/acquire-image.ts';
import { entriesOf, newestEntry } from './catalogue/catalogue.ts';
import type { CatalogueEntry } from './catalogue/catalogue-file.ts';
import { formatUrn, parseImageRef, type ImageRef, type Urn } from './image-ref.ts';
import { foldName } from './path-part.ts';
import { parseImageResourceId } from './resource-ids.ts';
import { displayName, findImage, newestImage } from './store/find-images.ts';
import type { ImageRecord, PlatformImageRecord } from './store/records.ts';
import { compareVersions, parseVersion } from './versions.ts';

export interface ResolveContext extends Omit<AcquireContext, 'maxAgeMs'> {
  readonly catalogue: readonly CatalogueEntry[];
  /** `latest` of a rolling image is made again when the newest here is at least this old. Default: never. */
  readonly refreshOlderThanMs?: number;
  /** Milliseconds since 1970; needed for `refreshOlderThanMs`. */
  readonly now?: () => number;
}

export interface ResolvedSource {
  /** Held in the store until the store object is disposed. */
  readonly facts: ImageFacts;
  /** What was asked for: a URN or an ARM id. */
  readonly requested: string;
  /** The version that was meant; undefined for a managed image, which has none. */
  readonly exactVersion: string | undefined;
  readonly image: ImageRecord;
}

/**
 * Resolves a template's source (reference: `latest` is resolved at each build). A platform image that is
 * not on this machine is made or fetched.
 * @throws GoldsmithError `SourceNotFound`, `SourceInvalid`, and what {@link acquireImage} throws.
 */
export async function resolveSource(source: Source, context: ResolveContext): Promise<ResolvedSource> {
  switch (source.type) {
    case 'PlatformImage':
      return resolveUrn(source, context);
    case 'ManagedImage':
      return resolveId(source.imageId, context);
    case 'SharedImageVersion':
      return resolveId(source.imageVersionId, context);
    default:
      source satisfies never;
      throw new GoldsmithError('Internal', 'Unknown kind of source');
  }
}

/**
 * Resolves what a person typed, see {@link parseImageRef}.
 * @throws GoldsmithError `BadUsage`, and as {@link resolveSource}.
 */
export async function resolveImageRef(text: string, context: ResolveContext): Promise<ResolvedSource> {
  const ref = parseImageRef(text);
  return ref.kind === 'urn' ? resolveUrn(ref.urn, context) : resolveStored(ref, text, context);
}

async function resolveId(id: string, context: ResolveContext): Promise<ResolvedSource> {
  const parsed = parseImageResourceId(id);
  if (parsed === undefined) {
    throw new GoldsmithError('SourceNotFound', `"${id}" does not name an image of this machine`, {
      hint: 'Managed images and versions of galleries on this machine can be sources; import others first.',
    });
  }
  return resolveStored({ kind: 'id', id: parsed }, id, context);
}

async function resolveStored(
  ref: ImageRef,
  requested: string,
  context: ResolveContext,
): Promise<ResolvedSource> {
  const image = findImage(context.store.list(), ref);
  return opened(image, requested, context);
}

async function resolveUrn(urn: Urn, context: ResolveContext): Promise<ResolvedSource> {
  const requested = formatUrn(urn);
  const image = await platformImage(urn, context);
  try {
    return await opened(image, requested, context);
  } catch (error) {
    // What was made or fetched once can be again: damage never blocks a build.
    const entry = entryFor(urn, entriesOf(context.catalogue, urn));
    if (!isGoldsmithError(error, 'SourceInvalid') || entry === undefined) throw error;
    context.onLine?.(`${requested} is damaged on this machine and is made again`);
    return opened(await acquire(entry, context), requested, context);
  }
}

/** What the catalogue has for exactly this version, or for `latest`. */
function entryFor(urn: Urn, entries: readonly CatalogueEntry[]): CatalogueEntry | undefined {
  if (foldName(urn.version) === 'latest') return newestEntry(entries);
  return entries.find((entry) => sameVersion(entry.version, urn.version));
}

async function opened(
  image: ImageRecord,
  requested: string,
  context: ResolveContext,
): Promise<ResolvedSource> {
  const facts = await context.store.open(image);
  return {
    facts,
    requested,
    exactVersion: image.kind === 'ManagedImage' ? undefined : image.version,
    image,
  };
}

async function platformImage(urn: Urn, context: ResolveContext): Promise<PlatformImageRecord> {
  const here = context.store.platformVersions(urn);
  const entries = entriesOf(context.catalogue, urn);
  const entry = entryFor(urn, entries);
  const isLatest = foldName(urn.version) === 'latest';
  const stored = isLatest ? newestImage(here) : here.find((image) => sameVersion(image.version, urn.version));
  const outdated =
    isLatest && stored !== undefined && entry !== undefined && supersedes(entry, stored, context);
  if (stored !== undefined && !outdated) return stored;
  if (entry === undefined) throw notFound(urn, here, entries);
  return acquire(entry, context);
}

async function acquire(entry: CatalogueEntry, context: ResolveContext): Promise<PlatformImageRecord> {
  const { refreshOlderThanMs } = context;
  return acquireImage(
    entry,
    refreshOlderThanMs === undefined ? context : { ...context, maxAgeMs: refreshOlderThanMs },
  );
}

/** True when `latest` means an image that is yet to be made from `entry`. */
function supersedes(entry: CatalogueEntry, newest: PlatformImageRecord, context: ResolveContext): boolean {
  if (entry.version !== 'rolling') {
    const [offered, have] = [parseVersion(entry.version), parseVersion(newest.version)];
    return offered !== undefined && have !== undefined && compareVersions(offered, have) > 0;
  }
  const { refreshOlderThanMs, now = Date.now } = context;
  return refreshOlderThanMs !== undefined && now() - Date.parse(newest.createdAt) >= refreshOlderThanMs;
}

function sameVersion(a: string, b: string): boolean {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  return left !== undefined && right !== undefined && compareVersions(left, right) === 0;
}

function notFound(
  urn: Urn,
  here: readonly PlatformImageRecord[],
  entries: readonly CatalogueEntry[],
): GoldsmithError {
  const known = [
    ...here.map(displayName),
    ...entries.filter((entry) => entry.version !== 'rolling').map(formatUrn),
  ];
  const versions = known.length > 0 ? ` Known versions: ${known.join(', ')}.` : '';
  return new GoldsmithError('SourceNotFound', `There is no platform image ${formatUrn(urn)}.${versions}`, {
    hint: 'List the images with `./goldsmith images list`, or describe it in your catalogue file.',
  });
}
