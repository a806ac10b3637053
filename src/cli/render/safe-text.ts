/** Text that others wrote (guests, templates, file names) as single lines that are safe to show. */
import { safeText } from '../../guest/output/safe-text.ts';

/** Longest line shown, in UTF-16 units: a guest that prints megabytes without a line end must not slow the view. */
const LONGEST_LINE = 4096;

/** Characters that JSON leaves as they are but a terminal may act on or a reader may be misled by. */
const RISKY_IN_JSON = /[\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF\uFFF9-\uFFFB]/g;

/**
 * One printable line: no colours or other escape sequences, tabs as two spaces, and of a progress bar that redraws
 * itself with carriage returns only its last state.
 */
export function safeLine(text: string): string {
  const short = text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)}…` : text;
  const states = short.split('\r').map((state) => safeText(state.replaceAll('\n', ' ')));
  return (states.findLast((state) => state.trim() !== '') ?? '').replaceAll('\t', '  ');
}

/** Printable lines of a longer text, each as {@link safeLine} makes it. */
export function safeLines(text: string): string[] {
  return text.replace(/\n$/, '').split('\n').map(safeLine);
}

/** JSON that is safe on a terminal too; the parsed value is the same. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(
    RISKY_IN_JSON,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
