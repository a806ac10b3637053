/** How a version is made of a VHD: what its row says, and what the row says afterwards. */
import { GIB } from '../../../model/sizes.ts';
import { isJsonObject } from '../../../model/json.ts';
import type { ResourceRecord } from '../../../store/records.ts';
import { locationName } from '../../arm/locations.ts';
import type { ComputeDeps } from '../compute-deps.ts';
import { sourceNotFound } from '../compute-errors.ts';
import type { ImportPlan } from '../import-queue.ts';
import { arrayAt, objectAt, propertiesOf, textAt } from '../stored-fields.ts';
import { traitsOfDefinition } from './definition-body.ts';
import { publishVersion } from './publish-version.ts';
import type { Publishing } from './version-body.ts';

/** @throws ArmError 404 when the definition is gone. */
export async function finishVersion(
  { store }: Pick<ComputeDeps, 'store'>,
  record: ResourceRecord,
): Promise<ImportPlan> {
  const definitionId = record.id.split('/').slice(0, -2).join('/');
  const definition = await store.resources.get(definitionId);
  if (definition === undefined) throw sourceNotFound(definitionId);
  const { osState: _, ...traits } = traitsOfDefinition(definition);
  const properties = propertiesOf(record);
  const storage = objectAt(properties, 'storageProfile');
  const osDiskImage = objectAt(storage, 'osDiskImage');
  const blobUri = textAt(objectAt(osDiskImage, 'source'), 'uri');
  return {
    ...{ blobUri, traits },
    publish: (images, facts) => {
      publishVersion(images, facts, {
        ...{ id: record.id, location: record.location ?? '', tags: record.tags },
        publishing: storedPublishing(record),
        origin: { importedFrom: blobUri },
      });
      const sizeInGB = Math.ceil(facts.virtualSizeBytes / GIB);
      return { storageProfile: { ...storage, osDiskImage: { ...osDiskImage, sizeInGB } } };
    },
  };
}

/** Back from what `versionProperties` wrote. */
function storedPublishing(record: ResourceRecord): Publishing {
  const profile = objectAt(propertiesOf(record), 'publishingProfile');
  return {
    regions: arrayAt(profile, 'targetRegions')
      .filter(isJsonObject)
      .map((region) => ({
        name: locationName(textAt(region, 'name')),
        replicaCount: Number(region['regionalReplicaCount']),
        storageAccountType: textAt(region, 'storageAccountType'),
      })),
    excludeFromLatest: profile['excludeFromLatest'] === true,
    replicationMode: profile['replicationMode'] === 'Shallow' ? 'Shallow' : 'Full',
  };
}
