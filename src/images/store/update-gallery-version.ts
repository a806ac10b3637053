/** What may change about a published version: where it counts and where it is offered, never its bytes. */
import { join } from 'node:path';
import type { TargetRegion } from '../../model/image-template.ts';
import { definitionOf, type GalleryVersionId } from '../resource-ids.ts';
import { encodePart } from '../path-part.ts';
import { definitionFolder, type StoreLayout } from './layout.ts';
import { galleryVersionRecord, type GalleryVersionRecord } from './records.ts';
import { readRecord, replaceRecord } from './record-files.ts';
import type { Session } from './session.ts';

export interface GalleryVersionChange {
  readonly excludeFromLatest: boolean;
  readonly targetRegions: readonly TargetRegion[];
  readonly tags: Readonly<Record<string, string>>;
}

/** @returns the version as it is now; undefined when there is none. */
export function updateGalleryVersion(
  layout: StoreLayout,
  session: Session,
  id: GalleryVersionId,
  change: GalleryVersionChange,
): GalleryVersionRecord | undefined {
  const path = join(definitionFolder(layout, definitionOf(id)), 'versions', `${encodePart(id.version)}.json`);
  const existing = readRecord(galleryVersionRecord, path);
  if (existing === undefined) return undefined;
  const record: GalleryVersionRecord = {
    ...existing,
    excludeFromLatest: change.excludeFromLatest,
    targetRegions: change.targetRegions.map(({ name, replicaCount, storageAccountType }) => ({
      ...{ name, replicaCount, storageAccountType },
      // Every region is this machine and links to the one content, so a region is complete at once.
      state: 'Completed',
      progress: 100,
    })),
    tags: { ...change.tags },
  };
  replaceRecord(session, path, record);
  return record;
}
