/** How a schema says what is wrong: findings travel inside zod issues and become `Issue`s at the edge. */
import { z } from 'zod';

/** One problem found by a rule of the wire. Paths are relative to the value the rule stands on. */
export interface Finding {
  readonly path?: readonly (string | number)[];
  /** Default `BadValue`. */
  readonly code?: string;
  /** Whole sentence; default: "Field 'x' has a bad value: 'y'", with what was expected. */
  readonly message?: string;
  readonly expected?: string;
  readonly suggestion?: string;
  /** Shown instead of the offending value, for values that hold a secret. */
  readonly shown?: string;
}

/** Fields of an object as a rule sees them: nothing is known about their types yet. */
export type Fields = Readonly<Record<string, unknown>>;

interface IssueSink {
  addIssue(issue: z.core.$ZodSuperRefineIssue): void;
}

/** Hands `finding` to zod. */
export function addFinding(sink: IssueSink, finding: Finding): void {
  sink.addIssue({
    code: 'custom',
    path: [...(finding.path ?? [])],
    message: finding.message ?? '',
    params: { finding },
  });
}

/**
 * Attaches cross-field rules to an object schema. They run even when single fields are wrong, so that
 * every problem is reported at once; hence they look at fields with care.
 */
export function withRules<S extends z.ZodType>(
  schema: S,
  ...rules: readonly ((fields: Fields) => readonly Finding[])[]
): S {
  return schema.superRefine(
    (value, context) => {
      if (typeof value !== 'object' || value === null) return;
      const fields = fieldsOf(value);
      for (const rule of rules) {
        for (const finding of rule(fields)) addFinding(context, finding);
      }
    },
    { when: () => true },
  );
}

/** True when `name` is a field of `fields` itself, whatever its value. */
export function has(fields: Fields, name: string): boolean {
  return Object.hasOwn(fields, name);
}

/** The entries of list `name`, or none when it is not a list. */
export function entries(fields: Fields, name: string): readonly unknown[] {
  const value = has(fields, name) ? fields[name] : undefined;
  return Array.isArray(value) ? value : [];
}

/** `value` as fields; an empty set when it is not an object. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
