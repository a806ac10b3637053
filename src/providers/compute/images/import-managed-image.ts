/** How a managed image is made of a VHD: what its row says, and what the row says afterwards. */
import { GoldsmithError } from '../../../model/errors.ts';
import { GIB } from '../../../model/sizes.ts';
import { parseImageResourceId } from '../../../images/resource-ids.ts';
import type { ResourceRecord } from '../../../store/records.ts';
import type { ImportPlan } from '../import-queue.ts';
import { objectAt, propertiesOf, textAt } from '../stored-fields.ts';

export function finishImage(record: ResourceRecord): ImportPlan {
  const id = parseImageResourceId(record.id);
  if (id?.kind !== 'ManagedImage') {
    throw new GoldsmithError('Internal', `"${record.id}" is not the id of a managed image`);
  }
  const properties = propertiesOf(record);
  const storage = objectAt(properties, 'storageProfile');
  const osDisk = objectAt(storage, 'osDisk');
  const blobUri = textAt(osDisk, 'blobUri');
  return {
    blobUri,
    traits: {
      osType: osDisk['osType'] === 'Windows' ? 'Windows' : 'Linux',
      generation: properties['hyperVGeneration'] === 'V2' ? 'V2' : 'V1',
      architecture: 'x64',
    },
    publish: (images, facts) => {
      images.publishManagedImage(facts, {
        ...{ id, location: record.location ?? '', ifExists: 'replace', tags: record.tags },
        origin: { importedFrom: blobUri },
      });
      const diskSizeGB = Math.ceil(facts.virtualSizeBytes / GIB);
      return { storageProfile: { ...storage, osDisk: { ...osDisk, diskSizeGB } } };
    },
  };
}
