/** Values that JSON can say. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** True for a JSON object: neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is left of an object when it is written as JSON: no undefined, no dates, a copy. Other values give `{}`. */
export function plainJson(value: unknown): JsonObject {
  const copy: unknown = value === undefined ? undefined : JSON.parse(JSON.stringify(value));
  return isJsonObject(copy) ? copy : {};
}
