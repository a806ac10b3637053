/** What every command is given, and the frame that turns its outcome into an exit code. */
import { Option, type Command } from 'commander';
import { isGoldsmithError } from '../model/errors.ts';
import { exitCodeOfError } from './exit-codes.ts';
import { styleOf, type Io } from './io.ts';
import type { Ports } from './ports.ts';
import { failureJson, failureReport } from './render/error-report.ts';
import { safeJson } from './render/safe-text.ts';
import type { Cancellation } from './signals.ts';

export interface CommandContext {
  readonly io: Io;
  readonly ports: Ports;
  readonly cancellation: Cancellation;
  /** Called once per command with its exit code. */
  finish(exitCode: number): void;
}

/** Runs a command's body: its result, or its failure told to the person (and as JSON when that was asked for). */
export async function runCommandBody(
  context: CommandContext,
  body: () => Promise<number>,
  options: { json?: boolean | undefined } = {},
): Promise<void> {
  const { io } = context;
  try {
    context.finish(await body());
  } catch (error) {
    if (options.json === true) io.stdout.write(`${safeJson(failureJson(error))}\n`);
    const cancelledByUser = context.cancellation.signal.aborted && isGoldsmithError(error, 'Cancelled');
    if (cancelledByUser) {
      io.stderr.write('Cancelled.\n');
    } else {
      const debug = (io.env['GOLDSMITH_DEBUG'] ?? '') !== '';
      io.stderr.write(failureReport(error, styleOf(io, io.stderr), debug));
    }
    context.finish(exitCodeOfError(error));
  }
}

/** `--json`, the same words everywhere. */
export function jsonOption(): Option {
  return new Option(
    '--json',
    'print exactly one JSON document on standard output, everything else on standard error',
  );
}

/** Adds examples under a command's help. */
export function examples(command: Command, lines: readonly string[]): void {
  command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);
}
