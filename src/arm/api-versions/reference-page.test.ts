/** docs/reference/template.md names every field of every api-version, with the version it arrived in. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { apiVersions, templateWires } from './supported.ts';

const page = readFileSync(
  join(import.meta.dirname, '..', '..', '..', 'docs', 'reference', 'template.md'),
  'utf8',
);

test('the reference page lists exactly the fields of the schemas, each with its first api-version', () => {
  const documented = new Map(rowsOfThePage());
  assert.deepEqual(sorted(documented), sorted(fieldArrivals()));
});

test('the reference page names every api-version', () => {
  for (const apiVersion of apiVersions) assert.ok(page.includes(`| ${apiVersion} |`), apiVersion);
});

/** A heading holds the path of its table in backticks, a row the field below it and its version. */
function rowsOfThePage(): readonly (readonly [string, string])[] {
  const rows: (readonly [string, string])[] = [];
  let prefix = '';
  for (const line of page.split('\n')) {
    const heading = /^#+ .*?(?:`([^`]+)`)?$/.exec(line);
    if (heading !== null) prefix = heading[1] === undefined || heading[1] === 'body' ? '' : `${heading[1]}.`;
    const row = /^\| `([^`]+)` \| (\d{4}-\d{2}-\d{2}) \|/.exec(line);
    if (row !== null) rows.push([`${prefix}${row[1]}`, row[2] ?? '']);
  }
  return rows;
}

/**
 * Every field with the first api-version that knows it. A path names the kind where kinds differ,
 * `properties.customize[Shell].inline`, `[]` for entries of a list and `{}` for those of a map.
 */
function fieldArrivals(): ReadonlyMap<string, string> {
  const arrivals = new Map<string, string>();
  for (const apiVersion of apiVersions) {
    for (const path of fieldPaths(templateWires[apiVersion].schema, '')) {
      if (!arrivals.has(path)) arrivals.set(path, apiVersion);
    }
  }
  return arrivals;
}

function fieldPaths(schema: unknown, path: string): readonly string[] {
  if (schema instanceof z.ZodExactOptional) return fieldPaths(schema.unwrap(), path);
  if (schema instanceof z.ZodArray) {
    return fieldPaths(schema.element, schema.element instanceof z.ZodDiscriminatedUnion ? path : `${path}[]`);
  }
  if (schema instanceof z.ZodRecord) return fieldPaths(schema.valueType, `${path}{}`);
  if (schema instanceof z.ZodDiscriminatedUnion) {
    return schema.options.flatMap((option) =>
      fieldPaths(option, `${path}[${kindOf(option, schema.def.discriminator)}]`),
    );
  }
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([name, field]) => {
    const below = path === '' ? name : `${path}.${name}`;
    return [below, ...fieldPaths(field, below)];
  });
}

function kindOf(option: unknown, discriminator: string): string {
  const literal: unknown = option instanceof z.ZodObject ? option.shape[discriminator] : undefined;
  return literal instanceof z.ZodLiteral ? String(literal.value) : '?';
}

function sorted(rows: ReadonlyMap<string, string>): readonly string[] {
  return [...rows].map(([path, version]) => `${path} ${version}`).sort();
}
