/** Single values of the wire, each with its limits and the words that describe it. */
import { z } from 'zod';
import { addFinding, type Finding } from './finding.ts';

export interface TextRule {
  /** What an issue says was expected. */
  readonly expected: string;
  readonly accepts: (value: string) => boolean;
  /** UTF-16 units; default 1024. */
  readonly maxLength?: number;
}

const defaultMaxLength = 1024;
const controlCharacter = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** A text of one line that `rule` accepts. */
export function text(rule: TextRule) {
  return textWith(rule.maxLength ?? defaultMaxLength, (value) =>
    controlCharacter.test(value) || !rule.accepts(value) ? { expected: rule.expected } : undefined,
  );
}

/** Like `text`, for fields where Azure takes an empty text as "not set". */
export function textOrEmpty(rule: TextRule) {
  return text({ ...rule, accepts: (value) => value === '' || rule.accepts(value) });
}

/** A text judged by `find`, which may name the problem in its own words. */
export function textWith(maxLength: number, find: (value: string) => Finding | undefined) {
  return z.string().superRefine((value, context) => {
    const finding =
      value.length > maxLength
        ? { code: 'TooLong', expected: `at most ${maxLength} characters` }
        : find(value);
    if (finding !== undefined) addFinding(context, finding);
  });
}

/** Text for people or for a shell: line breaks are legal, NUL is not. */
export function freeText(maxLength: number) {
  return textWith(maxLength, (value) =>
    value.includes('\u0000') ? { expected: 'a text without NUL characters' } : undefined,
  );
}

/** A JSON number without a fraction, `minimum` to `maximum` inclusive. */
export function wholeNumber(minimum: number, maximum: number) {
  return z.number().superRefine((value, context) => {
    if (Number.isInteger(value) && value >= minimum && value <= maximum) return;
    addFinding(context, { expected: `a whole number from ${minimum} to ${maximum}` });
  });
}

export const maxInt32 = 2_147_483_647;

/** A list with a cap; zod looks at no entry past it. */
export function list<S extends z.ZodType>(entry: S, maxEntries: number) {
  return z.array(entry).max(maxEntries);
}

/** A field that may be left out. JSON null counts as left out, as it does in ARM. */
export function optional<S extends z.ZodType>(schema: S) {
  return z.exactOptional(schema);
}

/** A field that only the service sets: legal in a request, so that a GET can be sent back, and ignored. */
export const readOnly = z.exactOptional(z.unknown());
