/** Holds a JSON value against the schema of one api-version and reports every problem at once. */
import type { z } from 'zod';
import type { Issue } from '../../model/issue.ts';
import { formatJsonPath, valueAt, type JsonPath } from '../json/json-path.ts';
import { alignFields, type FieldNames } from './align-fields.ts';
import type { Finding } from './finding.ts';
import { findingOf, issueFrom } from './wire-issue.ts';

export type CheckedWire<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly Issue[] }
  | { readonly ok: false; readonly issues: readonly Issue[]; readonly warnings: readonly Issue[] };

/** No report is longer than this; one more issue then says that there is more. */
export const maxIssues = 100;

/** Checks `input`, which stands at `root` of its document. Never throws, whatever the JSON is. */
export function checkWire<S extends z.ZodType>(
  schema: S,
  input: unknown,
  fieldNames: FieldNames,
  root: JsonPath = [],
): CheckedWire<z.output<S>> {
  const aligned = alignFields(schema, input, fieldNames);
  const toIssue = (finding: Finding & { path: JsonPath }) =>
    issueFrom(finding, { path: [...root, ...finding.path], value: valueAt(input, finding.path) });
  const issues = aligned.problems.map(toIssue);
  const warnings = aligned.warnings.map(toIssue);
  const parsed = schema.safeParse(aligned.value);
  if (parsed.success && issues.length === 0) return { ok: true, value: parsed.data, warnings };
  for (const zodIssue of (parsed.error?.issues ?? []).slice(0, maxIssues + 1)) {
    const path = zodIssue.path.filter((segment) => typeof segment !== 'symbol');
    const value = valueAt(aligned.value, path);
    issues.push(
      issueFrom(findingOf(zodIssue, value), { path: [...root, ...aligned.asWritten(path)], value }),
    );
  }
  return { ok: false, issues: capIssues(issues), warnings: warnings.slice(0, maxIssues) };
}

/** At most `maxIssues` of `issues`, with a last one that says that more were left out. */
export function capIssues(issues: readonly Issue[]): readonly Issue[] {
  if (issues.length <= maxIssues) return issues;
  const message = `More than ${maxIssues} problems; the rest is not shown.`;
  return [...issues.slice(0, maxIssues), { path: formatJsonPath([]), code: 'TooManyIssues', message }];
}
