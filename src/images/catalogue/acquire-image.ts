/** Makes or fetches a platform image and puts it into the store. */
import { mkdir, rm } from 'node:fs/promises';
import { allocatedSizeBytes } from '../../disk/allocated-size.ts';
import { digestDisk } from '../../disk/disk-digest.ts';
import { buildDebianBase } from '../../disk/recipes/debian/build-debian-base.ts';
import { importToRaw } from '../../disk/untrusted/import-to-raw.ts';
import { currentBuildUser } from '../../host/build-user.ts';
import { GoldsmithError } from '../../model/errors.ts';
import { GIB, MIB } from '../../model/sizes.ts';
import { formatUrn } from '../image-ref.ts';
import type { ImageStore } from '../store/image-store.ts';
import type { PlatformImageRecord } from '../store/records.ts';
import type { CatalogueEntry, RecipeOrigin, UrlOrigin } from './catalogue-file.ts';
import { findChecksum, type Checksum } from './checksums.ts';
import { downloadFile, downloadText, type DownloadLimits } from './download.ts';

/** Largest checksum file that is read. */
const MAX_CHECKSUMS_BYTES = 4 * MIB;
/** A kept Debian tree older than this is installed again, even when nobody asked for a refresh. */
const DEFAULT_TREE_AGE_MS = 24 * 60 * 60 * 1000;

export interface AcquireProgress {
  readonly what: string;
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
}

export interface AcquireContext {
  readonly store: ImageStore;
  /** Derived things that may be deleted at any time. */
  readonly cacheDir: string;
  readonly signal: AbortSignal;
  readonly onLine?: (line: string) => void;
  readonly onProgress?: (progress: AcquireProgress) => void;
  /** Parts of a recipe that are younger may be used again, in milliseconds. */
  readonly maxAgeMs?: number;
  readonly limits?: Partial<DownloadLimits>;
  readonly recipes?: { readonly debian: typeof buildDebianBase };
}

/**
 * Makes or fetches `entry` now and publishes it.
 * @throws GoldsmithError `DownloadFailed`, `ChecksumMismatch`, `ImageRefused`, `InsufficientResources`,
 * `CommandFailed`, `Cancelled`; nothing is published then.
 */
export async function acquireImage(
  entry: CatalogueEntry,
  context: AcquireContext,
): Promise<PlatformImageRecord> {
  const { store, signal } = context;
  const path = store.stagingPath();
  try {
    const { virtualSizeBytes, importedFrom } =
      entry.from.kind === 'recipe'
        ? await cook(entry, entry.from, path, context)
        : await fetchDisk(entry, entry.from, path, context);
    const digest = await digestDisk(path, {
      sizeBytes: virtualSizeBytes,
      signal,
      onProgress: (doneBytes, totalBytes) =>
        context.onProgress?.({ what: 'Reading the image', doneBytes, totalBytes }),
    });
    const { generation, osType, architecture, provisioning } = entry;
    const facts = await store.addContent(
      {
        path,
        virtualSizeBytes,
        allocatedSizeBytes: await allocatedSizeBytes(path),
        ...{ digest, generation, osType, architecture, provisioning },
      },
      { move: true, signal },
    );
    return store.publishPlatformImage(facts, {
      publisher: entry.publisher,
      offer: entry.offer,
      sku: entry.sku,
      version: entry.version === 'rolling' ? undefined : entry.version,
      origin: { importedFrom },
    });
  } finally {
    await rm(path, { force: true });
  }
}

interface RawDisk {
  readonly virtualSizeBytes: number;
  readonly importedFrom: string;
}

async function cook(
  entry: CatalogueEntry,
  from: RecipeOrigin,
  destination: string,
  context: AcquireContext,
): Promise<RawDisk> {
  const workDir = context.store.stagingPath();
  await mkdir(workDir, { recursive: true });
  const facts = await (context.recipes?.debian ?? buildDebianBase)({
    release: from.release,
    generation: entry.generation,
    destination,
    sizeBytes: from.sizeGB * GIB,
    workDir,
    cacheDir: context.cacheDir,
    maxAgeMs: context.maxAgeMs ?? DEFAULT_TREE_AGE_MS,
    user: currentBuildUser(),
    signal: context.signal,
    onLine: context.onLine ?? (() => undefined),
  });
  return {
    virtualSizeBytes: facts.sizeBytes,
    importedFrom: `recipe debian ${facts.version} from ${facts.mirror}`,
  };
}

async function fetchDisk(
  entry: CatalogueEntry,
  from: UrlOrigin,
  destination: string,
  context: AcquireContext,
): Promise<RawDisk> {
  const { store, signal, limits = {} } = context;
  const checksum = await checksumFor(from, context);
  const download = store.stagingPath();
  try {
    context.onLine?.(`downloading ${from.url}`);
    const report =
      (what: string) =>
      (doneBytes: number, totalBytes: number | undefined): void =>
        context.onProgress?.({ what, doneBytes, totalBytes });
    await downloadFile(from.url, download, checksum, { signal, limits, onProgress: report('Downloading') });
    const imported = await importToRaw(download, destination, { signal, onProgress: report('Converting') });
    if (from.format !== undefined && imported.format !== from.format) {
      throw new GoldsmithError(
        'ImageRefused',
        `${formatUrn(entry)} is a ${imported.format} image, the catalogue says ${from.format}`,
      );
    }
    return { virtualSizeBytes: imported.sizeBytes, importedFrom: from.url };
  } finally {
    await rm(download, { force: true });
  }
}

async function checksumFor(from: UrlOrigin, context: AcquireContext): Promise<Checksum> {
  const { checksum } = from;
  if (!('listedAt' in checksum)) return checksum;
  const text = await downloadText(checksum.listedAt, {
    signal: context.signal,
    limits: { ...context.limits, maxBytes: MAX_CHECKSUMS_BYTES },
  });
  const fileName = decodeURIComponent(new URL(from.url).pathname.split('/').at(-1) ?? '');
  const found = findChecksum(text, fileName);
  if (found !== undefined) return found;
  throw new GoldsmithError(
    'DownloadFailed',
    `${checksum.listedAt} lists no SHA-256 or SHA-512 checksum for ${fileName}`,
    { hint: 'Give the checksum in your catalogue file as sha256 or sha512.' },
  );
}
