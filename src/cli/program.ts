/** The command tree: names, options and help of every command in one place. */
import { Command, CommanderError } from 'commander';
import { addAzEnvCommand } from './commands/az-env.ts';
import { addBootCommand, addShellCommand } from './commands/boot.ts';
import { addBuildCommand } from './commands/build.ts';
import { addCacheCommand } from './commands/cache.ts';
import { addCleanCommand } from './commands/clean.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addImagesCommand } from './commands/images.ts';
import { addRunsCommand } from './commands/runs.ts';
import { addServeCommand } from './commands/serve.ts';
import { addValidateCommand } from './commands/validate.ts';
import { addWorkerCommand } from './commands/worker.ts';
import type { CommandContext } from './command-context.ts';
import { exitCodes, exitMeanings, exitNames } from './exit-codes.ts';

/** Environment variables that change what the program does, for `--help` and the reference page. */
export const environmentHelp: readonly (readonly [string, string])[] = [
  ['GOLDSMITH_HOME', 'folder for images, runs and caches'],
  ['GOLDSMITH_CACHE_LIMIT', 'most that checkpoints may take, for example 40GiB'],
  ['GOLDSMITH_ACCELERATOR', 'kvm or tcg: run machines with it, without probing'],
  ['GOLDSMITH_DEBIAN_MIRROR', 'archive that Debian base images are made from'],
  [
    'GOLDSMITH_LOG_LEVEL',
    'what serve and worker write to standard error: error, warn (default), info, debug',
  ],
  ['AZURE_STORAGE_KEY', 'key of the storage account given with --blobs'],
  ['GOLDSMITH_DEBUG', 'any value: stack traces and internal notes with errors'],
  ['NO_COLOR, FORCE_COLOR', 'no colours, or colours everywhere'],
  ['CI', 'any value: plain lines instead of the live view'],
];

/** Every command, wired to `context`. Parsing errors are thrown as `CommanderError`; nothing exits the process. */
export function buildProgram(context: CommandContext, version: string): Command {
  const { io } = context;
  const program = new Command('goldsmith')
    .description('Azure VM Image Builder on your own machines: image templates in, golden VM images out.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpCommand(helpCommand())
    .exitOverride()
    .configureHelp({ helpWidth: Math.min(100, io.stdout.size().columns) })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('Run it with --help to see what it takes.')
    .showSuggestionAfterError();
  program.commandsGroup('Start here:');
  addDemoCommand(program, context);
  addDoctorCommand(program, context);
  program.commandsGroup('Build:');
  addBuildCommand(program, context);
  addValidateCommand(program, context);
  program.commandsGroup('Serve:');
  addServeCommand(program, context);
  addAzEnvCommand(program, context);
  addWorkerCommand(program, context);
  program.commandsGroup('Look inside:');
  addBootCommand(program, context);
  addShellCommand(program, context);
  addRunsCommand(program, context);
  program.commandsGroup('Look after:');
  addImagesCommand(program, context);
  addCacheCommand(program, context);
  addCleanCommand(program, context);
  program.hook('preAction', async (_program, command) => reapFirst(command, context));
  program.addHelpText('after', `\n${environmentText()}\n\n${exitCodeText()}`);
  return program;
}

/**
 * Parses arguments and runs the command. Resolves with the exit code for everything that commander settles itself
 * (help, version, usage errors), or undefined when a command ran.
 */
export async function runProgram(program: Command, args: readonly string[]): Promise<number | undefined> {
  try {
    await program.parseAsync(args, { from: 'user' });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // `goldsmith` alone and `./goldsmith images` alone print help as an error: nothing was asked for.
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
}

/** These only look, or say themselves what they clear away. */
const looksOnly = new Set(['validate', 'doctor', 'clean', 'az-env', 'help']);

/** Whatever died since the last command is cleared away before this one; a failure of that is only told. */
async function reapFirst(command: Command, { io, ports, cancellation }: CommandContext): Promise<void> {
  if (looksOnly.has(command.name())) return;
  const say = (line: string): void => io.stderr.write(`${line}\n`);
  try {
    await ports.cleaning.reap(say, cancellation.signal);
  } catch (error) {
    say(
      `Leftovers of earlier runs could not be cleared away: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function helpCommand(): Command {
  return new Command('help')
    .argument('[command]', 'name of a command')
    .description('print help for a command')
    .helpOption(false)
    .helpGroup('Look after:');
}

function exitCodeText(): string {
  const rows = exitNames.map((name) => `  ${String(exitCodes[name]).padStart(3)}  ${exitMeanings[name]}`);
  return `Exit codes:\n${rows.join('\n')}`;
}

function environmentText(): string {
  const width = Math.max(...environmentHelp.map(([name]) => name.length));
  return `Environment:\n${environmentHelp.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join('\n')}`;
}
