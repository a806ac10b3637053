/**
 * The composition root: takes this process apart into an `Io`, connects the ports to the rooms below, runs one
 * command, and ends the process with its exit code. Rooms are loaded when a command first needs them, so that
 * `--help` and `validate` start at once.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandContext } from './command-context.ts';
import { connectPorts } from './connect-ports.ts';
import { exitCodeOfError } from './exit-codes.ts';
import { openIo, styleOf } from './io.ts';
import { buildProgram, runProgram } from './program.ts';
import { failureReport } from './render/error-report.ts';
import { watchSignals } from './signals.ts';

const projectRoot = join(import.meta.dirname, '..', '..');

function versionOfPackage(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return version ? String(manifest.version) : 'unknown';
}

async function main(): Promise<number> {
  const io = openIo();
  using cancellation = watchSignals(process, (message) => io.stderr.write(`${message}\n`));
  let exitCode = 0;
  const tell = (error: unknown): number => {
    const debug = (io.env['GOLDSMITH_DEBUG'] ?? '') !== '';
    io.stderr.write(failureReport(error, styleOf(io, io.stderr), debug));
    return exitCodeOfError(error);
  };
  // A defect in a callback must still end as an error report, with the terminal given back.
  process.on('uncaughtException', (error) => process.exit(tell(error)));
  const context: CommandContext = {
    io,
    ports: connectPorts(projectRoot),
    cancellation,
    finish: (code) => {
      exitCode = code;
    },
  };
  try {
    const settled = await runProgram(buildProgram(context, versionOfPackage()), process.argv.slice(2));
    return settled ?? exitCode;
  } catch (error) {
    return tell(error);
  }
}

process.exit(await main());
