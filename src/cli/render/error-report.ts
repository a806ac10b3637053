/**
 * How a failure is told: what failed, why, the last lines, what to do next, where the full log is. Stack traces and
 * internal notes only when asked for.
 */
import { inspect } from 'node:util';
import { errorCatalogue, isGoldsmithError, type ErrorDetail } from '../../model/errors.ts';
import { safeLine, safeLines } from './safe-text.ts';
import type { Style } from './style.ts';

export interface FailureEvidence {
  /** The step that failed and its last lines of output. */
  readonly step?: { readonly title: string; readonly tail: readonly string[] };
  readonly logPath?: string;
  /** Where the kept VM can be reached, and similar: whole sentences. */
  readonly next?: readonly string[];
}

export interface Failure extends FailureEvidence {
  readonly code: string;
  readonly message: string;
  readonly details: readonly ErrorDetail[];
}

/** The failure in a thrown value. With `debug`, everything that is known about it. */
export function failureReport(error: unknown, style: Style, debug: boolean): string {
  const failure: Failure = isGoldsmithError(error)
    ? {
        code: error.code,
        message: error.message,
        details: error.details,
        ...(error.hint === undefined ? {} : { next: [error.hint] }),
      }
    : {
        code: 'Internal',
        message: error instanceof Error ? error.message : String(error),
        details: [],
        next: [
          'This is a defect in Goldsmith. Run the command again with GOLDSMITH_DEBUG=1 and report what it prints.',
        ],
      };
  const report = failureText(failure, style);
  return debug ? `${report}\n${style.dim(debugText(error))}\n` : report;
}

/** Lines for a person; ends with a line end. */
export function failureText(failure: Failure, style: Style): string {
  const [first = '', ...rest] = safeLines(failure.message);
  const lines = [
    `${style.red(`${style.marks.failed}${titleOf(failure.code)}`)} ${style.bold(first)}`,
    ...rest.map((line) => `  ${line}`),
  ];
  for (const detail of failure.details.filter(({ message }) => !sameText(message, failure.message))) {
    const target = detail.target === undefined ? '' : `${safeLine(detail.target)}: `;
    lines.push(`  - ${target}${safeLine(detail.message)} ${style.dim(`[${safeLine(detail.code)}]`)}`);
  }
  const { step } = failure;
  const lastLine = step?.tail.findLast((line) => line.trim() !== '');
  if (step !== undefined && lastLine !== undefined && !failure.message.includes(lastLine)) {
    lines.push('', `  Last lines of ${safeLine(step.title)}:`);
    for (const line of step.tail) lines.push(`  ${style.dim(style.marks.bar)} ${safeLine(line)}`);
  }
  const pointers = [
    ...(failure.next ?? []).map((hint) => `  ${style.cyan('Next')}  ${safeLine(hint)}`),
    ...(failure.logPath === undefined ? [] : [`  ${style.cyan('Log')}   ${safeLine(failure.logPath)}`]),
  ];
  if (pointers.length > 0) lines.push('', ...pointers);
  return `${lines.join('\n')}\n`;
}

/** The same failure for `--json`. */
export function failureJson(error: unknown): object {
  if (!isGoldsmithError(error)) {
    return {
      error: {
        code: 'Internal',
        message: error instanceof Error ? error.message : String(error),
        details: [],
      },
    };
  }
  return {
    error: {
      code: error.code,
      message: error.message,
      details: error.details,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    },
  };
}

function sameText(a: string, b: string): boolean {
  return a.replaceAll(/\s+/g, ' ') === b.replaceAll(/\s+/g, ' ');
}

/** ` Title:`, or nothing where the message says it all. */
function titleOf(code: string): string {
  if (code === 'BadUsage') return '';
  const known: Readonly<Record<string, { readonly title: string }>> = errorCatalogue;
  return ` ${Object.hasOwn(known, code) ? (known[code]?.title ?? code) : safeLine(code)}:`;
}

function debugText(error: unknown): string {
  const parts: string[] = [];
  for (let next = error; next !== undefined && parts.length < 8; next = causeOf(next)) {
    const stack = next instanceof Error ? (next.stack ?? next.message) : inspect(next);
    parts.push(...(parts.length === 0 ? [] : ['caused by:']), ...safeLines(stack));
    if (isGoldsmithError(next) && next.internal !== undefined)
      parts.push(`internal: ${safeLine(next.internal)}`);
  }
  return parts.join('\n');
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
