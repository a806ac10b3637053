/** `properties.customize[]` (reference 1.6, 2.4): one schema a kind, and their way to the domain model. */
import { z } from 'zod';
import type {
  Customizer,
  FileCustomizer,
  PowerShellCustomizer,
  ShellCustomizer,
} from '../../../model/image-template.ts';
import { withRules, type Fields, type Finding } from '../finding.ts';
import { freeText, list, maxInt32, optional, text, wholeNumber } from '../scalars.ts';
import { artifactLocation } from './artifact-location.ts';
import { parseRestartTimeout, restartTimeout } from './restart-timeout.ts';
import {
  checksumOnlyWithScriptUri,
  exactlyOneOfScriptUriAndInline,
  fromChecksum,
  fromScript,
  scriptFields,
  sha256Checksum,
} from './script.ts';

/** A template has at most this many customizers, and as many validators. */
export const maxSteps = 1000;

const name = optional(text({ expected: 'one line of text', accepts: () => true }));
const command = optional(freeText(32 * 1024));

export const shell = withRules(
  z.object({ type: z.literal('Shell'), name, ...scriptFields }),
  exactlyOneOfScriptUriAndInline,
  checksumOnlyWithScriptUri,
);

export const powerShell = withRules(
  z.object({
    type: z.literal('PowerShell'),
    name,
    ...scriptFields,
    runElevated: optional(z.boolean()),
    runAsSystem: optional(z.boolean()),
    validExitCodes: optional(list(wholeNumber(-maxInt32 - 1, maxInt32), 1000)),
  }),
  exactlyOneOfScriptUriAndInline,
  checksumOnlyWithScriptUri,
  runAsSystemNeedsRunElevated,
);

export const windowsRestart = z.object({
  type: z.literal('WindowsRestart'),
  name,
  restartCommand: command,
  restartCheckCommand: command,
  restartTimeout: optional(restartTimeout),
});

export const windowsUpdate = z.object({
  type: z.literal('WindowsUpdate'),
  name,
  searchCriteria: command,
  filters: optional(
    list(
      text({
        expected: "'include:' or 'exclude:' and a PowerShell predicate",
        accepts: (value) => /^(?:include|exclude):\s*\S/.test(value),
        maxLength: 4096,
      }),
      1000,
    ),
  ),
  updateLimit: optional(wholeNumber(0, maxInt32)),
});

export const file = z.object({
  type: z.literal('File'),
  name,
  sourceUri: artifactLocation,
  sha256Checksum: optional(sha256Checksum),
  destination: text({
    expected: "the absolute path of a file, '/…' or 'C:\\…', that does not end in a separator",
    accepts: isAbsoluteFilePath,
    maxLength: 4096,
  }),
});

/** Rule: `runAsSystem` only makes sense for an elevated script. */
export function runAsSystemNeedsRunElevated(fields: Fields): readonly Finding[] {
  if (fields['runAsSystem'] !== true || fields['runElevated'] === true) return [];
  const message = "Field 'runAsSystem' can only be true when 'runElevated' is true.";
  return [{ path: ['runAsSystem'], code: 'FieldConflict', message, expected: "'runElevated': true" }];
}

/** Rule: an absolute Linux or Windows path that names a file, not a folder. */
export function isAbsoluteFilePath(value: string): boolean {
  if (value.startsWith('/')) return !/(?:^|\/)\.{0,2}$/.test(value);
  return /^[A-Za-z]:[\\/]/.test(value) && !/[\\/:]\.{0,2}$/.test(value);
}

type WireShell = z.output<typeof shell>;
type WirePowerShell = z.output<typeof powerShell>;
type WireFile = z.output<typeof file>;
type WireCustomizer =
  | WireShell
  | WirePowerShell
  | WireFile
  | z.output<typeof windowsRestart>
  | z.output<typeof windowsUpdate>;

const defaultRestartCommand = 'shutdown /r /f /t 0 /c "packer restart"';
const defaultRestartTimeoutMs = 5 * 60_000;
const defaultSearchCriteria = 'BrowseOnly=0 and IsInstalled=0';
const defaultUpdateLimit = 1000;

export function fromCustomizer(wire: WireCustomizer): Customizer {
  switch (wire.type) {
    case 'Shell':
      return fromShell(wire);
    case 'PowerShell':
      return fromPowerShell(wire);
    case 'File':
      return fromFile(wire);
    case 'WindowsRestart':
      return {
        type: wire.type,
        name: wire.name,
        restartCommand: wire.restartCommand || defaultRestartCommand,
        restartCheckCommand: wire.restartCheckCommand || undefined,
        restartTimeoutMs: parseRestartTimeout(wire.restartTimeout ?? '') ?? defaultRestartTimeoutMs,
      };
    default:
      return {
        type: wire.type,
        name: wire.name,
        searchCriteria: wire.searchCriteria || defaultSearchCriteria,
        filters: wire.filters ?? [],
        updateLimit: wire.updateLimit || defaultUpdateLimit,
      };
  }
}

export function fromShell(wire: WireShell): ShellCustomizer {
  return { type: wire.type, name: wire.name, script: fromScript(wire) };
}

export function fromPowerShell(wire: WirePowerShell): PowerShellCustomizer {
  const validExitCodes = wire.validExitCodes ?? [];
  return {
    type: wire.type,
    name: wire.name,
    script: fromScript(wire),
    runElevated: wire.runElevated ?? false,
    runAsSystem: wire.runAsSystem ?? false,
    validExitCodes: validExitCodes.length === 0 ? [0] : validExitCodes,
  };
}

export function fromFile(wire: WireFile): FileCustomizer {
  return {
    type: wire.type,
    name: wire.name,
    sourceUri: wire.sourceUri,
    sha256: fromChecksum(wire.sha256Checksum),
    destination: wire.destination,
  };
}
