/**
 * Texts of an ARM template file. `[…]` is an expression and is not evaluated here; `[[…]` is a literal
 * that starts with one bracket; a bracket that is not closed at the end is literal as it stands.
 */
import type { Issue } from '../../model/issue.ts';
import { formatJsonPath, printable, type JsonPath } from '../json/json-path.ts';

export interface ArmLiterals {
  /** A copy with the escapes undone. */
  readonly value: unknown;
  /** One issue for each expression, as a value or as a field name. */
  readonly expressions: readonly Issue[];
}

const maxReported = 100;

/** Undoes the escapes inside `value`, which stands at `root`. Depth is bounded by that of the JSON reader. */
export function readArmLiterals(value: unknown, root: JsonPath): ArmLiterals {
  const expressions: Issue[] = [];
  const report = (text: string, path: JsonPath): void => {
    if (expressions.length >= maxReported) return;
    const shown = printable(text, 120);
    expressions.push({
      path: formatJsonPath(path),
      code: 'ExpressionNotSupported',
      message: `The ARM expression '${shown}' is not evaluated here; write the value itself (a literal starts with '[[').`,
      value: shown,
      expected: 'a literal value',
    });
  };
  const literal = (text: string, path: JsonPath): string => {
    if (!text.startsWith('[') || !text.endsWith(']')) return text;
    if (text.startsWith('[[')) return text.slice(1);
    report(text, path);
    return text;
  };
  const copy = (input: unknown, path: JsonPath): unknown => {
    if (typeof input === 'string') return literal(input, path);
    if (Array.isArray(input)) return input.map((entry, index) => copy(entry, [...path, index]));
    if (typeof input !== 'object' || input === null) return input;
    const fields = Object.entries(input).map(([key, entry]) => {
      const below = [...path, key];
      return [literal(key, below), copy(entry, below)] as const;
    });
    return Object.fromEntries(fields);
  };
  return { value: copy(value, root), expressions };
}
