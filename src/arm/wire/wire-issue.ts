/** Turns what zod and the rules found into issues in the words of the product. */
import type { z } from 'zod';
import type { Issue } from '../../model/issue.ts';
import { formatJsonPath, printable, type JsonPath } from '../json/json-path.ts';
import { nearest } from '../json/nearest.ts';
import type { Finding } from './finding.ts';

const maxShownLength = 120;

interface Place {
  readonly path: JsonPath;
  readonly value: unknown;
}

/**
 * The issue for `finding` at `place`. The key phrases "Missing field 'x'" and "Field 'x' has a bad
 * value: 'y'" are those that Azure's validation uses (reference 2.11), so that people find them.
 */
export function issueFrom(finding: Finding, place: Place): Issue {
  const { code = 'BadValue', expected, suggestion } = finding;
  const value = finding.shown ?? scalar(place.value);
  return {
    path: formatJsonPath(place.path),
    code,
    message: finding.message ?? badValueMessage(place, finding),
    ...(value === undefined || code === 'UnknownField' ? {} : { value }),
    ...(expected === undefined ? {} : { expected }),
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

/** What `issue` says about `value`, the value it stands on. */
export function findingOf(issue: z.core.$ZodIssue, value: unknown): Finding {
  switch (issue.code) {
    case 'custom':
      return carriedFinding(issue.params?.['finding']) ?? { message: issue.message };
    case 'invalid_type':
      return value === undefined
        ? missing(issue.path)
        : { expected: typeWords.get(issue.expected) ?? issue.expected };
    case 'invalid_value':
      return value === undefined ? missing(issue.path, issue.values) : oneOf(issue.values, value);
    case 'invalid_union': {
      const options = 'options' in issue && Array.isArray(issue.options) ? issue.options : [];
      return value === undefined ? missing(issue.path, options) : oneOf(options, value);
    }
    case 'too_big':
      return {
        code: 'TooLong',
        expected: `at most ${issue.maximum} ${issue.origin === 'array' ? 'entries' : ''}`.trim(),
      };
    case 'too_small':
      return { expected: `at least ${issue.minimum} ${issue.origin === 'array' ? 'entries' : ''}`.trim() };
    default:
      return {};
  }
}

const typeWords: ReadonlyMap<string, string> = new Map([
  ['string', 'a text'],
  ['number', 'a number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
  ['object', 'an object'],
  ['record', 'an object'],
]);

function missing(path: readonly PropertyKey[], options: readonly unknown[] = []): Finding {
  const name = String(path.at(-1) ?? '');
  const message = `Missing field '${printable(name, maxShownLength)}'.`;
  return options.length === 0
    ? { code: 'MissingField', message }
    : { code: 'MissingField', message: `${message} Expected ${listed(options)}.`, expected: listed(options) };
}

function oneOf(options: readonly unknown[], value: unknown): Finding {
  const suggestion = typeof value === 'string' ? nearest(value, options.map(String)) : undefined;
  return { expected: listed(options), ...(suggestion === undefined ? {} : { suggestion }) };
}

function listed(options: readonly unknown[]): string {
  const quoted = options.map((option) => `'${String(option)}'`);
  return quoted.length === 1 ? quoted.join('') : `one of ${quoted.join(', ')}`;
}

function badValueMessage({ path, value }: Place, { expected, suggestion, shown }: Finding): string {
  const found = shown === undefined ? described(value) : printable(shown, maxShownLength);
  const head = `Field '${fieldName(path)}' has a bad value: '${found}'.`;
  const wanted = expected === undefined ? '' : ` Expected ${expected}.`;
  const hint = suggestion === undefined ? '' : ` Did you mean '${suggestion}'?`;
  return head + wanted + hint;
}

/** `type`, or `inline[2]` for an entry of a list, or `body` for the document itself. */
function fieldName(path: JsonPath): string {
  const from = path.findLastIndex((segment) => typeof segment === 'string');
  if (from === -1) return 'body';
  const [name = '', ...indexes] = path.slice(from);
  return printable(String(name), maxShownLength) + indexes.map((index) => `[${index}]`).join('');
}

function described(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return printable(value, maxShownLength);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : 'an object';
}

function scalar(value: unknown): unknown {
  if (typeof value === 'string') return value.length > 200 ? `${value.slice(0, 200)}…` : value;
  return typeof value === 'object' ? undefined : value;
}

function carriedFinding(value: unknown): Finding | undefined {
  return isFinding(value) ? value : undefined;
}

function isFinding(value: unknown): value is Finding {
  return typeof value === 'object' && value !== null;
}
