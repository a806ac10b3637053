/**
 * What one api-version shows of a kept template: its own fields, kinds and enum values, never a newer one's.
 * Where an old version has another word for the same thing, that word is used.
 */
import type { JsonObject, JsonValue } from '../../../model/json.ts';
import { templateWires, type ApiVersion } from '../../api-versions/supported.ts';
import { projectFields } from '../../wire/project-fields.ts';
import { changeEntries, changeField, changeObject, objectsIn, textIn } from './edit.ts';
import { showReportedState } from './reported-state.ts';

/** Gallery targets name their regions one by one, with replicas, from this version on. */
const targetRegionsSince: ApiVersion = '2022-07-01';

/** `document` in the words of `apiVersion`. */
export function showTemplate(document: JsonObject, apiVersion: ApiVersion): JsonObject {
  const spoken = changeObject(document, 'properties', (properties) =>
    showReportedState(
      changeEntries(properties, 'distribute', (target) => showTarget(target, apiVersion)),
      apiVersion,
    ),
  );
  return projectFields(templateWires[apiVersion].schema, spoken, 'keep');
}

function showTarget(target: JsonObject, apiVersion: ApiVersion): JsonObject {
  if (apiVersion < targetRegionsSince) return withReplicationRegions(target);
  // Older versions take a storage type without regions, where it says nothing; newer ones refuse it.
  if ('replicationRegions' in target) return target;
  return changeField(target, 'storageAccountType', () => undefined);
}

/** The regions in the form before 2022-07-01: names, and one storage type when all regions share it. */
function withReplicationRegions(target: JsonObject): JsonObject {
  if (!('targetRegions' in target)) return target;
  const { targetRegions: _, ...others } = target;
  const regions = objectsIn(target, 'targetRegions');
  const names: readonly JsonValue[] = regions.flatMap((region) => textIn(region, 'name') ?? []);
  const [storage, ...more] = new Set(regions.map((region) => textIn(region, 'storageAccountType')));
  return {
    ...others,
    replicationRegions: names,
    ...(storage === undefined || more.length > 0 ? {} : { storageAccountType: storage }),
  };
}
