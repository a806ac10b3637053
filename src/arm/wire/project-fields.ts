/**
 * Cuts a document down to what a schema can say. The same walk serves both directions: on the way in it
 * leaves out what only the service sets, on the way out it leaves out what an older api-version does
 * not know.
 */
import { z } from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import { readOnly } from './scalars.ts';

export type ReadOnlyFields = 'keep' | 'drop';

/**
 * The part of `document` that `schema` has words for: other fields, list entries of other kinds and enum
 * values it lacks are left out, and an object that loses everything goes too. `document` stays as it is.
 */
export function projectFields(
  schema: z.ZodObject,
  document: JsonObject,
  readOnlyFields: ReadOnlyFields,
): JsonObject {
  return projectObject(schema, document, readOnlyFields);
}

function project(schema: z.ZodType, value: JsonValue, mode: ReadOnlyFields): JsonValue | undefined {
  if (schema === readOnly) return mode === 'keep' ? value : undefined;
  const target = schema instanceof z.ZodExactOptional ? schema.unwrap() : schema;
  if (target instanceof z.ZodArray && isJsonList(value)) return projectList(target, value, mode);
  if (target instanceof z.ZodEnum)
    return target.options.some((option) => option === value) ? value : undefined;
  if (!isJsonObject(value)) return value;
  if (target instanceof z.ZodDiscriminatedUnion) return projectTagged(target, value, mode);
  if (target instanceof z.ZodRecord) return projectRecord(target, value, mode);
  if (!(target instanceof z.ZodObject)) return value;
  const result = projectObject(target, value, mode);
  const emptied = Object.keys(result).length === 0 && Object.keys(value).length > 0;
  return emptied && mode === 'keep' ? undefined : result;
}

function projectObject(schema: z.ZodObject, value: JsonObject, mode: ReadOnlyFields): JsonObject {
  const result: Record<string, JsonValue> = {};
  for (const [name, field] of Object.entries(schema.shape)) {
    const below = Object.hasOwn(value, name) ? value[name] : undefined;
    if (below === undefined || !(field instanceof z.ZodType)) continue;
    const kept = project(field, below, mode);
    if (kept !== undefined) result[name] = kept;
  }
  return result;
}

function projectList(schema: z.ZodArray, value: readonly JsonValue[], mode: ReadOnlyFields): JsonValue {
  const { element } = schema;
  if (!(element instanceof z.ZodType)) return value;
  return value.map((entry) => project(element, entry, mode)).filter((entry) => entry !== undefined);
}

function projectTagged(
  union: z.ZodDiscriminatedUnion,
  value: JsonObject,
  mode: ReadOnlyFields,
): JsonValue | undefined {
  const tag = union.def.discriminator;
  for (const option of union.options) {
    if (!(option instanceof z.ZodObject)) continue;
    const literal: unknown = option.shape[tag];
    const kind = value[tag];
    if (literal instanceof z.ZodLiteral && typeof kind === 'string' && literal.values.has(kind)) {
      return projectObject(option, value, mode);
    }
  }
  return undefined;
}

function projectRecord(schema: z.ZodRecord, value: JsonObject, mode: ReadOnlyFields): JsonValue {
  const element = schema.valueType;
  const entries = Object.entries(value).flatMap(([key, entry]) => {
    if (entry === undefined) return [];
    const kept = element instanceof z.ZodType ? project(element, entry, mode) : entry;
    return kept === undefined ? [] : [[key, kept] as const];
  });
  return Object.fromEntries(entries);
}

function isJsonList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
