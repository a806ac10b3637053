/** Managed images: one name, replaced as a whole when published again. */
import { GoldsmithError } from '../../model/errors.ts';
import type { ImageFacts } from '../../model/image.ts';
import { formatImageResourceId, type ManagedImageId } from '../resource-ids.ts';
import { traitsOf } from './content.ts';
import { managedImageFile, type StoreLayout } from './layout.ts';
import { managedImageRecord, type ImageOrigin, type ManagedImageRecord } from './records.ts';
import { createRecord, readRecord, replaceRecord } from './record-files.ts';
import type { Session } from './session.ts';

export interface ManagedImageRequest {
  readonly id: ManagedImageId;
  readonly location: string;
  readonly ifExists: 'replace' | 'fail';
  readonly tags: Readonly<Record<string, string>>;
  readonly origin: ImageOrigin;
}

/**
 * Publishes content that the session holds as a managed image. Readers see the old image or the new one.
 * @throws GoldsmithError `Conflict` when the image exists in another location, or exists at all with `fail`.
 */
export function publishManagedImage(
  layout: StoreLayout,
  session: Session,
  facts: ImageFacts,
  request: ManagedImageRequest,
  createdAt: string,
): ManagedImageRecord {
  const path = managedImageFile(layout, request.id);
  for (;;) {
    const existing = readRecord(managedImageRecord, path);
    const record = describe(facts, request, existing?.id, createdAt);
    if (existing === undefined) {
      if (createRecord(session, path, record)) return record;
      continue; // another process was faster: now it exists
    }
    if (request.ifExists === 'fail') {
      throw new GoldsmithError('Conflict', `The managed image ${existing.id} exists`);
    }
    if (foldLocation(existing.location) !== foldLocation(request.location)) {
      throw new GoldsmithError(
        'Conflict',
        `The managed image ${existing.id} exists in location "${existing.location}", not "${request.location}"`,
        { hint: 'Use its location or another image name.' },
      );
    }
    replaceRecord(session, path, record);
    return record;
  }
}

/** Azure takes `West US 2` and `westus2` for one region. */
function foldLocation(location: string): string {
  return location.replaceAll(' ', '').toLowerCase();
}

function describe(
  facts: ImageFacts,
  request: ManagedImageRequest,
  existingId: string | undefined,
  createdAt: string,
): ManagedImageRecord {
  return {
    kind: 'ManagedImage',
    id: existingId ?? formatImageResourceId(request.id),
    name: request.id.name,
    location: request.location,
    ...traitsOf(facts),
    createdAt,
    tags: { ...request.tags },
    origin: request.origin,
  };
}
