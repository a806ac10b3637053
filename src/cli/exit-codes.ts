/** The one table from what went wrong to the exit code, also the source of `--help` and the reference page. */
import { errorCatalogue, isGoldsmithError, type ErrorCode } from '../model/errors.ts';
import type { RunRecord } from '../model/run.ts';

export const exitCodes = {
  ok: 0,
  internal: 1,
  usage: 2,
  badTemplate: 3,
  buildFailed: 4,
  partlySucceeded: 5,
  hostNotReady: 6,
  badSource: 7,
  conflict: 8,
  cancelled: 130,
} as const;

export type ExitName = keyof typeof exitCodes;

/** In the order of the numbers. */
export const exitNames = [
  'ok',
  'internal',
  'usage',
  'badTemplate',
  'buildFailed',
  'partlySucceeded',
  'hostNotReady',
  'badSource',
  'conflict',
  'cancelled',
] as const satisfies readonly ExitName[];

/** What each exit code tells a script, one line each. */
export const exitMeanings: Readonly<Record<ExitName, string>> = {
  ok: 'Done: everything asked for succeeded.',
  internal: 'A defect in Goldsmith. `GOLDSMITH_DEBUG=1` shows where.',
  usage: 'The command line is wrong, or names a file, image or run that does not exist.',
  badTemplate: 'The template is not valid; every problem is listed.',
  buildFailed: 'The build, or the virtual machine, failed; the log tells why.',
  partlySucceeded: 'Some distribution targets succeeded and some failed.',
  hostNotReady: 'This machine cannot build now: a program, disk space or memory is missing.',
  badSource: 'The source image is missing, damaged, refused or could not be downloaded.',
  conflict: 'The name is already taken.',
  cancelled: 'Cancelled by Ctrl-C, SIGTERM or SIGHUP.',
};

const byErrorCode: Readonly<Record<ErrorCode, ExitName>> = {
  BadTemplate: 'badTemplate',
  BadUsage: 'usage',
  HostNotReady: 'hostNotReady',
  InsufficientResources: 'hostNotReady',
  SourceNotFound: 'badSource',
  SourceInvalid: 'badSource',
  DownloadFailed: 'badSource',
  ChecksumMismatch: 'badSource',
  ImageRefused: 'badSource',
  VmStartFailed: 'buildFailed',
  VmDied: 'buildFailed',
  GuestPanicked: 'buildFailed',
  GuestUnreachable: 'buildFailed',
  CustomizerFailed: 'buildFailed',
  ValidationFailed: 'buildFailed',
  GeneralizeFailed: 'buildFailed',
  DistributeFailed: 'buildFailed',
  BuildTimeout: 'buildFailed',
  CommandFailed: 'buildFailed',
  Cancelled: 'cancelled',
  Conflict: 'conflict',
  Internal: 'internal',
};

/** Error codes that end with this exit name, in the order of the catalogue. */
export function errorCodesOf(name: ExitName): readonly ErrorCode[] {
  return Object.keys(errorCatalogue)
    .filter(isErrorCode)
    .filter((code) => byErrorCode[code] === name);
}

/** The exit code for a failure; anything that is no {@link GoldsmithError} is a defect. */
export function exitCodeOfError(error: unknown): number {
  return exitCodes[isGoldsmithError(error) ? byErrorCode[error.code] : 'internal'];
}

/** The exit code for how a run ended. A failed run without a known error code counts as a failed build. */
export function exitCodeOfRun(record: RunRecord): number {
  const { state, error } = record;
  if (state === 'Succeeded') return exitCodes.ok;
  if (state === 'PartiallySucceeded') return exitCodes.partlySucceeded;
  if (state === 'Canceled' || state === 'Canceling') return exitCodes.cancelled;
  return exitCodes[isErrorCode(error?.code) ? byErrorCode[error.code] : 'buildFailed'];
}

function isErrorCode(code: string | undefined): code is ErrorCode {
  return code !== undefined && Object.hasOwn(byErrorCode, code);
}
