/** Changed copies of JSON documents: what is not there, or of another kind than expected, stays as it is. */
import { isJsonObject, type JsonObject, type JsonValue } from '../../../model/json.ts';

/** A copy of `object` in which field `name` went through `change`; undefined takes it out. */
export function changeField(
  object: JsonObject,
  name: string,
  change: (value: JsonValue) => JsonValue | undefined,
): JsonObject {
  const before = Object.hasOwn(object, name) ? object[name] : undefined;
  if (before === undefined) return object;
  const { [name]: _, ...others } = object;
  const after = change(before);
  return after === undefined ? others : { ...object, [name]: after };
}

/** Like `changeField`, for a field that holds an object. */
export function changeObject(
  object: JsonObject,
  name: string,
  change: (value: JsonObject) => JsonObject,
): JsonObject {
  return changeField(object, name, (value) => (isJsonObject(value) ? change(value) : value));
}

/** Like `changeField`, for every object in a list. */
export function changeEntries(
  object: JsonObject,
  name: string,
  change: (entry: JsonObject) => JsonObject,
): JsonObject {
  return changeField(object, name, (value) =>
    Array.isArray(value)
      ? value.map((entry: JsonValue) => (isJsonObject(entry) ? change(entry) : entry))
      : value,
  );
}

/** The objects in list `name`; none when there is no such list. */
export function objectsIn(object: JsonObject, name: string): readonly JsonObject[] {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** The object in field `name`; an empty one when there is none. */
export function objectIn(object: JsonObject, name: string): JsonObject {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return isJsonObject(value) ? value : {};
}

/** The text in field `name`. */
export function textIn(object: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}
