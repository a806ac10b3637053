/** Image definitions that are made before their first version, so that only images that fit are published. */
import { join } from 'node:path';
import { GoldsmithError } from '../../model/errors.ts';
import { formatImageResourceId, type ImageDefinitionId } from '../resource-ids.ts';
import { definitionFolder, type StoreLayout } from './layout.ts';
import { readGalleryVersions } from './publish-gallery-version.ts';
import { imageDefinitionRecord, type ImageDefinitionRecord } from './records.ts';
import { createRecord, readRecord, replaceRecord } from './record-files.ts';
import type { Session } from './session.ts';

export interface ImageDefinitionRequest extends Pick<
  ImageDefinitionRecord,
  'location' | 'osType' | 'generation' | 'architecture'
> {
  readonly id: ImageDefinitionId;
}

/**
 * Makes the definition, or changes one that has no versions.
 * @throws GoldsmithError `Conflict` when it has versions of another kind.
 */
export function defineImage(
  layout: StoreLayout,
  session: Session,
  request: ImageDefinitionRequest,
  createdAt: string,
): ImageDefinitionRecord {
  const { id, location, osType, generation, architecture } = request;
  const path = join(definitionFolder(layout, id), 'definition.json');
  const wanted: ImageDefinitionRecord = {
    kind: 'ImageDefinition',
    id: formatImageResourceId(id),
    gallery: id.gallery,
    definition: id.definition,
    location,
    osState: 'Generalized',
    ...{ osType, generation, architecture, createdAt },
  };
  for (;;) {
    const existing = readRecord(imageDefinitionRecord, path);
    if (existing === undefined) {
      if (createRecord(session, path, wanted)) return wanted;
      continue; // another process was faster: now it exists
    }
    const fits = (['osType', 'generation', 'architecture'] as const).every(
      (trait) => existing[trait] === wanted[trait],
    );
    if (!fits && readGalleryVersions(layout, id).length > 0) {
      throw new GoldsmithError(
        'Conflict',
        `The image definition ${existing.id} has versions of another kind`,
      );
    }
    const record = { ...wanted, id: existing.id, createdAt: existing.createdAt };
    replaceRecord(session, path, record);
    return record;
  }
}
