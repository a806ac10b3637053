/** The fields of a resource that `$filter` can name, in lower case. */
import { isJsonObject, type JsonValue } from '../../model/json.ts';
import type { ResourceRecord } from '../../store/records.ts';

/** Paths into the stored body; ARM shows these parts of every resource. */
const bodyPaths: Readonly<Record<string, readonly string[]>> = {
  'identity/principalid': ['identity', 'principalId'],
  'plan/name': ['plan', 'name'],
  'plan/product': ['plan', 'product'],
  'plan/publisher': ['plan', 'publisher'],
  'plan/promotioncode': ['plan', 'promotionCode'],
  'sku/name': ['sku', 'name'],
  'sku/tier': ['sku', 'tier'],
  kind: ['kind'],
};

const recordFields: Readonly<Record<string, (record: ResourceRecord) => string>> = {
  resourcetype: ({ type }) => type,
  resourcegroup: ({ resourceGroup }) => resourceGroup ?? '',
  name: ({ name }) => name,
  location: ({ location }) => location ?? '',
  resourceid: ({ id }) => id,
  id: ({ id }) => id,
};

export const filterFields: ReadonlySet<string> = new Set([
  ...Object.keys(recordFields),
  ...Object.keys(bodyPaths),
]);

/** The text of a field; empty when the resource has none. */
export function fieldText(record: ResourceRecord, field: string): string {
  const read = recordFields[field];
  if (read !== undefined) return read(record);
  let value: JsonValue | undefined = record.body;
  for (const part of bodyPaths[field] ?? []) value = isJsonObject(value) ? value[part] : undefined;
  return typeof value === 'string' ? value : '';
}
