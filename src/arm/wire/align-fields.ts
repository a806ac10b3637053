/**
 * Brings field names in line with a schema before zod sees them.
 *
 * From 2024-02-01 on, names are case-sensitive and an unknown one is refused; before, they match
 * without regard to case and an unknown one is ignored (reference 1.11). Either way a name that is
 * off is traced to the nearest right one, and checking goes on below it, so that one typing error
 * does not hide the next.
 */
import { z } from 'zod';
import { printable, type JsonPath } from '../json/json-path.ts';
import { nearest } from '../json/nearest.ts';
import type { Finding } from './finding.ts';

export type FieldNames = 'strict' | 'lenient';

export interface AlignedInput {
  /** A copy of the input under the schema's names. */
  readonly value: unknown;
  /** Problems that refuse the input, in paths of the input. */
  readonly problems: readonly (Finding & { readonly path: JsonPath })[];
  /** Problems that do not. */
  readonly warnings: readonly (Finding & { readonly path: JsonPath })[];
  /** A path under the schema's names as the author wrote it. */
  readonly asWritten: (path: JsonPath) => JsonPath;
}

const maxReported = 200;
const maxRecordEntries = 200;
/** List entries of one document, all lists together: bounds what zod can find wrong. */
export const maxListEntries = 20_000;

/** Copies `input` under the names of `schema`. Looks only where the schema leads, so depth is bounded. */
export function alignFields(schema: z.ZodType, input: unknown, fieldNames: FieldNames): AlignedInput {
  const aligner = new Aligner(fieldNames);
  const value = aligner.align(schema, input, [], []);
  return {
    value,
    problems: aligner.problems,
    warnings: aligner.warnings,
    asWritten: (path) =>
      path.map((segment, index) => aligner.renamed.get(pathKey(path.slice(0, index + 1))) ?? segment),
  };
}

class Aligner {
  readonly problems: (Finding & { path: JsonPath })[] = [];
  readonly warnings: (Finding & { path: JsonPath })[] = [];
  /** Schema path → the last name as written. */
  readonly renamed = new Map<string, string>();
  readonly #fieldNames: FieldNames;
  #listEntries = 0;

  constructor(fieldNames: FieldNames) {
    this.#fieldNames = fieldNames;
  }

  /** `path` is where the value stands in the schema, `written` where in the input. */
  align(schema: z.ZodType, input: unknown, path: JsonPath, written: JsonPath): unknown {
    const target = schema instanceof z.ZodExactOptional ? schema.unwrap() : schema;
    if (target instanceof z.ZodArray && Array.isArray(input))
      return this.#alignList(target, input, path, written);
    if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
    if (target instanceof z.ZodObject) return this.#alignObject(target, input, path, written);
    if (target instanceof z.ZodDiscriminatedUnion) return this.#alignTagged(target, input, path, written);
    if (target instanceof z.ZodRecord) return this.#alignRecord(target, input, path, written);
    return input;
  }

  #alignList(schema: z.ZodArray, input: readonly unknown[], path: JsonPath, written: JsonPath): unknown {
    const element = schema.element;
    if (!(element instanceof z.ZodType)) return input;
    const room = maxListEntries - this.#listEntries;
    this.#listEntries += input.length;
    if (input.length > room) {
      const message = `The document holds more than ${maxListEntries} list entries.`;
      this.#report(this.problems, { path: written, code: 'TooLong', message });
    }
    return input
      .slice(0, Math.max(0, room))
      .map((entry, index) => this.align(element, entry, [...path, index], [...written, index]));
  }

  #alignObject(schema: z.ZodObject, input: object, path: JsonPath, written: JsonPath): unknown {
    const names = Object.keys(schema.shape);
    const result: Record<string, unknown> = {};
    for (const [key, name] of this.#matchNames(Object.keys(input), names, written)) {
      const field: unknown = schema.shape[name];
      const value: unknown = Reflect.get(input, key);
      if (!(field instanceof z.ZodType) || value === null) continue;
      const below = [...path, name];
      if (key !== name) this.renamed.set(pathKey(below), key);
      result[name] = this.align(field, value, below, [...written, key]);
    }
    return result;
  }

  #alignTagged(union: z.ZodDiscriminatedUnion, input: object, path: JsonPath, written: JsonPath): unknown {
    const tag = union.def.discriminator;
    const tagKey =
      Object.keys(input).find((key) => key === tag) ??
      Object.keys(input).find((key) => sameLetters(key, tag));
    const tagValue: unknown = tagKey === undefined ? undefined : Reflect.get(input, tagKey);
    const option = union.options.find((option) => hasTag(option, tag, tagValue));
    if (option instanceof z.ZodObject) return this.#alignObject(option, input, path, written);
    // The kind is unknown, so nothing below can be judged; zod reports the kind.
    if (tagKey === undefined || tagKey === tag)
      return tagValue === undefined || tagValue === null ? {} : { [tag]: tagValue };
    this.renamed.set(pathKey([...path, tag]), tagKey);
    if (this.#fieldNames === 'strict') this.#unknownField(tagKey, tag, [...written, tagKey]);
    return { [tag]: tagValue };
  }

  #alignRecord(schema: z.ZodRecord, input: object, path: JsonPath, written: JsonPath): unknown {
    const result: Record<string, unknown> = {};
    for (const key of Object.keys(input).slice(0, maxRecordEntries)) {
      if (key === '__proto__') {
        this.#report(this.problems, {
          path: [...written, key],
          expected: 'another name',
          message: "The name '__proto__' cannot be used.",
        });
        continue;
      }
      const value: unknown = Reflect.get(input, key);
      const element = schema.valueType;
      result[key] =
        element instanceof z.ZodType ? this.align(element, value, [...path, key], [...written, key]) : value;
    }
    return result;
  }

  /** Pairs of a name as written and the schema's name for it. */
  #matchNames(
    keys: readonly string[],
    names: readonly string[],
    written: JsonPath,
  ): readonly (readonly [string, string])[] {
    const known = new Set(names);
    const taken = new Set(keys.filter((key) => known.has(key)));
    const pairs: (readonly [string, string])[] = [...taken].map((key) => [key, key]);
    for (const key of keys) {
      if (known.has(key)) continue;
      const path = [...written, key];
      const near = this.#isFull() ? undefined : nearest(key, names);
      const onlyCaseDiffers = near !== undefined && sameLetters(near, key);
      const adopt =
        near !== undefined && !taken.has(near) && (onlyCaseDiffers || this.#fieldNames === 'strict');
      if (adopt) {
        taken.add(near);
        pairs.push([key, near]);
      }
      if (this.#fieldNames === 'lenient' && adopt) continue;
      if (onlyCaseDiffers && taken.has(near) && !adopt) {
        const message = `Field '${near}' is given twice, once as '${printable(key, 80)}'.`;
        this.#report(this.problems, { path, code: 'DuplicateField', message });
      } else this.#unknownField(key, near, path);
    }
    return pairs;
  }

  #unknownField(key: string, near: string | undefined, path: JsonPath): void {
    const hint = near === undefined ? '' : ` Did you mean '${near}'?`;
    const ignored = this.#fieldNames === 'lenient' ? ' is ignored' : '';
    this.#report(this.#fieldNames === 'lenient' ? this.warnings : this.problems, {
      path,
      code: 'UnknownField',
      message: `Unknown field '${printable(key, 80)}'${ignored}.${hint}`,
      ...(near === undefined ? {} : { suggestion: near }),
    });
  }

  #isFull(): boolean {
    return this.problems.length + this.warnings.length >= maxReported;
  }

  #report(list: (Finding & { path: JsonPath })[], finding: Finding & { path: JsonPath }): void {
    if (list.length < maxReported) list.push(finding);
  }
}

function hasTag(option: unknown, tag: string, value: unknown): boolean {
  if (!(option instanceof z.ZodObject)) return false;
  const literal: unknown = option.shape[tag];
  return literal instanceof z.ZodLiteral && typeof value === 'string' && literal.values.has(value);
}

function sameLetters(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function pathKey(path: JsonPath): string {
  return JSON.stringify(path);
}
