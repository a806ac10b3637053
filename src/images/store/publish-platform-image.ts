/** Platform images that were made or fetched on this machine. */
import { join } from 'node:path';
import { GoldsmithError } from '../../model/errors.ts';
import type { ImageFacts } from '../../model/image.ts';
import { formatUrn, type Urn } from '../image-ref.ts';
import { encodePart } from '../path-part.ts';
import { newestImage } from './find-images.ts';
import { traitsOf } from './content.ts';
import { platformSkuFolder, type StoreLayout } from './layout.ts';
import { platformImageRecord, type ImageOrigin, type PlatformImageRecord } from './records.ts';
import { createRecord, readRecords } from './record-files.ts';
import type { Session } from './session.ts';

export interface PlatformImageRequest {
  readonly publisher: string;
  readonly offer: string;
  readonly sku: string;
  /** undefined = `0.<yyyymmdd>.<n>` of today (UTC), the shape of Debian's versions on Azure. */
  readonly version: string | undefined;
  readonly origin: ImageOrigin;
}

/**
 * Publishes content that the session holds as a version of a platform image. Without an explicit version,
 * content equal to the newest version's makes no new one.
 * @throws GoldsmithError `Conflict` when the explicit version exists with other content.
 */
export function publishPlatformImage(
  layout: StoreLayout,
  session: Session,
  facts: ImageFacts,
  request: PlatformImageRequest,
  createdAt: string,
): PlatformImageRecord {
  const { publisher, offer, sku } = request;
  for (;;) {
    const existing = readPlatformImages(layout, request);
    const newest = newestImage(existing);
    if (request.version === undefined && newest?.digest === facts.digest) return newest;
    const version = request.version ?? versionOfDay(createdAt, existing);
    const record: PlatformImageRecord = {
      kind: 'PlatformImage',
      publisher,
      offer,
      sku,
      version,
      ...traitsOf(facts),
      createdAt,
      tags: {},
      origin: request.origin,
    };
    const path = join(platformSkuFolder(layout, request), `${encodePart(version)}.json`);
    if (createRecord(session, path, record)) return record;
    if (request.version === undefined) continue; // taken meanwhile: look again
    const same = existing.find((image) => image.version === version && image.digest === facts.digest);
    if (same !== undefined) return same;
    throw new GoldsmithError('Conflict', `The platform image ${formatUrn(record)} exists with other content`);
  }
}

/** Versions of one sku that are on this machine. */
export function readPlatformImages(
  layout: StoreLayout,
  urn: Omit<Urn, 'version'>,
): readonly PlatformImageRecord[] {
  return readRecords(platformImageRecord, platformSkuFolder(layout, urn), 0);
}

function versionOfDay(createdAt: string, existing: readonly PlatformImageRecord[]): string {
  const day = createdAt.slice(0, 10).replaceAll('-', '');
  const taken = existing
    .map((image) => new RegExp(`^0\\.${day}\\.(\\d+)$`).exec(image.version)?.[1])
    .map((number) => Number(number ?? 0));
  return `0.${day}.${Math.max(0, ...taken) + 1}`;
}
