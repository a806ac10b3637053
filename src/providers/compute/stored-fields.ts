/** Parts of stored rows. They were checked when they were written; what is missing reads as empty. */
import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import type { ResourceRecord } from '../../store/records.ts';

/** `properties` of a resource. */
export function propertiesOf({ body }: Pick<ResourceRecord, 'body'>): JsonObject {
  return objectAt(body, 'properties');
}

/** The object under `path`. */
export function objectAt(object: JsonObject, ...path: readonly string[]): JsonObject {
  let found = object;
  for (const name of path) {
    const value = found[name];
    found = isJsonObject(value) ? value : {};
  }
  return found;
}

export function arrayAt(object: JsonObject, name: string): readonly JsonValue[] {
  const value: unknown = object[name];
  return Array.isArray(value) ? value : [];
}

export function textAt(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === 'string' ? value : '';
}
