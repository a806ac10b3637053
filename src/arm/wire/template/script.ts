/** What Shell and PowerShell run and how File is checked: `scriptUri` or `inline`, and `sha256Checksum`. */
import type { ScriptSource } from '../../../model/image-template.ts';
import { has, type Fields, type Finding } from '../finding.ts';
import { freeText, list, optional, textWith } from '../scalars.ts';
import { artifactLocation } from './artifact-location.ts';

const maxLines = 10_000;
const maxLineLength = 256 * 1024;

/** SHA-256 in lower-case hex; empty means not checked. */
export const sha256Checksum = textWith(1024, isLowerCaseSha256);

/** The fields that say what runs. */
export const scriptFields = {
  scriptUri: optional(artifactLocation),
  sha256Checksum: optional(sha256Checksum),
  inline: optional(list(freeText(maxLineLength), maxLines)),
} as const;

/** Rule: a checksum is 64 hex digits in lower case, or empty. */
export function isLowerCaseSha256(value: string): Finding | undefined {
  if (value === '' || /^[0-9a-f]{64}$/.test(value)) return undefined;
  const expected = '64 hexadecimal digits in lower case';
  if (/^[0-9a-fA-F]{64}$/.test(value)) return { expected, suggestion: value.toLowerCase() };
  return { expected };
}

/** Rule: exactly one of `scriptUri` and `inline`, and the one that is there is not empty. */
export function exactlyOneOfScriptUriAndInline(fields: Fields): readonly Finding[] {
  const lines = fields['inline'];
  const findings: Finding[] = [];
  if (Array.isArray(lines) && lines.length === 0)
    findings.push({ path: ['inline'], expected: 'at least one line' });
  if (has(fields, 'scriptUri') && has(fields, 'inline')) {
    const message = "Fields 'scriptUri' and 'inline' cannot be used together; give exactly one of them.";
    findings.push({ path: ['inline'], code: 'FieldConflict', message });
  }
  if (!has(fields, 'scriptUri') && !has(fields, 'inline')) {
    const message = "Missing field 'inline' or 'scriptUri'; give exactly one of them.";
    findings.push({ code: 'MissingField', message, expected: "one of 'inline', 'scriptUri'" });
  }
  return findings;
}

/** Rule: `sha256Checksum` speaks of a file, so it stands beside `scriptUri` only. */
export function checksumOnlyWithScriptUri(fields: Fields): readonly Finding[] {
  if (
    has(fields, 'scriptUri') ||
    typeof fields['sha256Checksum'] !== 'string' ||
    fields['sha256Checksum'] === ''
  ) {
    return [];
  }
  const message = "Field 'sha256Checksum' can only be used with 'scriptUri'.";
  return [{ path: ['sha256Checksum'], code: 'FieldConflict', message }];
}

interface WireScript {
  readonly scriptUri?: string;
  readonly sha256Checksum?: string;
  readonly inline?: readonly string[];
}

export function fromScript(wire: WireScript): ScriptSource {
  return wire.scriptUri === undefined
    ? { from: 'inline', lines: wire.inline ?? [] }
    : { from: 'uri', uri: wire.scriptUri, sha256: fromChecksum(wire.sha256Checksum) };
}

export function fromChecksum(wire: string | undefined): string | undefined {
  return wire === '' ? undefined : wire;
}
