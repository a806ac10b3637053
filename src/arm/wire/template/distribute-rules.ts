/** Rules across the fields of a target, and across targets (reference 1.8, 8.7). */
import { parseGalleryImageId } from '../../known-resource-ids.ts';
import { resourceIdKey } from '../../resource-id.ts';
import { entries, fieldsOf, has, type Fields, type Finding } from '../finding.ts';
import { regionName } from './resource.ts';

/** Rule: regions are given the new way or the deprecated one, not both. */
export function targetRegionsExcludeReplicationRegions(fields: Fields): readonly Finding[] {
  if (!has(fields, 'targetRegions') || !has(fields, 'replicationRegions')) return [];
  const message =
    "Fields 'targetRegions' and 'replicationRegions' cannot be used together; use 'targetRegions'.";
  return [{ path: ['replicationRegions'], code: 'FieldConflict', message }];
}

/** Rule: the deprecated storage type of the whole target belongs to the deprecated list of regions. */
export function storageAccountTypeOnlyWithReplicationRegions(fields: Fields): readonly Finding[] {
  if (!has(fields, 'storageAccountType') || has(fields, 'replicationRegions')) return [];
  const message =
    "Field 'storageAccountType' can only be used with 'replicationRegions'; set it in each entry of 'targetRegions'.";
  return [{ path: ['storageAccountType'], code: 'FieldConflict', message }];
}

/** Rule: an id that names the version leaves nothing for `versioning` to decide. */
export function explicitVersionExcludesVersioning(fields: Fields): readonly Finding[] {
  const id = fields['galleryImageId'];
  if (!has(fields, 'versioning') || typeof id !== 'string') return [];
  if (parseGalleryImageId(id)?.version === undefined) return [];
  const message = "Field 'versioning' cannot be used with a 'galleryImageId' that names a version.";
  return [{ path: ['versioning'], code: 'FieldConflict', message }];
}

/** Rule: a target replicates to a region once; `West US` and `westus` are one region. */
export function regionsAreUnique(fields: Fields): readonly Finding[] {
  return [
    ...repeats(entries(fields, 'replicationRegions'), regionKey).map((index) => ({
      ...repeatedRegion,
      path: ['replicationRegions', index],
    })),
    ...repeats(entries(fields, 'targetRegions'), (region) => regionKey(fieldsOf(region)['name'])).map(
      (index) => ({
        ...repeatedRegion,
        path: ['targetRegions', index, 'name'],
      }),
    ),
  ];
}

/** Rule on `properties`: at least one target. */
export function distributeIsNotEmpty(fields: Fields): readonly Finding[] {
  const targets = fields['distribute'];
  return Array.isArray(targets) && targets.length === 0
    ? [{ path: ['distribute'], expected: 'at least one target' }]
    : [];
}

/** Rule on `properties`: run output names differ by more than case. */
export function runOutputNamesAreUnique(fields: Fields): readonly Finding[] {
  const nameOf = (target: unknown) => {
    const name = fieldsOf(target)['runOutputName'];
    return typeof name === 'string' ? name.toLowerCase() : undefined;
  };
  return repeats(entries(fields, 'distribute'), nameOf).map((index) => ({
    path: ['distribute', index, 'runOutputName'],
    code: 'Duplicate',
    message: 'This runOutputName is already used by another target; names differ by more than case.',
  }));
}

/** Rule on `properties`: no two targets write to the same image, gallery version or VHD. */
export function targetsAreDistinct(fields: Fields): readonly Finding[] {
  const targets = entries(fields, 'distribute');
  return ['imageId', 'galleryImageId', 'uri'].flatMap((name) => {
    const keyOf = (target: unknown) => {
      const id = fieldsOf(target)[name];
      if (typeof id !== 'string' || id === '') return undefined;
      return name === 'uri' ? id : resourceIdKey(id);
    };
    return repeats(targets, keyOf).map((index) => ({
      path: ['distribute', index, name],
      code: 'Duplicate',
      message: `Another target already writes to this ${name}.`,
    }));
  });
}

const repeatedRegion = { code: 'Duplicate', message: 'This region is already in the list.' } as const;

function regionKey(value: unknown): string | undefined {
  return typeof value === 'string' ? regionName(value) : undefined;
}

/** Indexes of entries whose key was seen before. */
function repeats(list: readonly unknown[], keyOf: (entry: unknown) => string | undefined): readonly number[] {
  const seen = new Set<string>();
  return list.flatMap((entry, index) => {
    const key = keyOf(entry);
    if (key === undefined) return [];
    const repeated = seen.has(key);
    seen.add(key);
    return repeated ? [index] : [];
  });
}
