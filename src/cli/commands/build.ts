/** `./goldsmith build`: one template in, images out. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { GoldsmithError } from '../../model/errors.ts';
import type { DiskFormat } from '../../model/run.ts';
import { examples, jsonOption, runCommandBody, type CommandContext } from '../command-context.ts';
import { exitCodeOfRun, exitCodes } from '../exit-codes.ts';
import { styleOf } from '../io.ts';
import { readTemplate, templateNameOf } from '../read-template.ts';
import { issueReport, warningText } from '../render/issue-report.ts';
import { openProgress, progressModes, type ProgressMode } from '../render/progress.ts';
import { addReuseOptions, reusePolicy, type ReuseOptions } from './reuse-options.ts';
import { runSummary } from '../render/run-summary.ts';
import { safeJson } from '../render/safe-text.ts';

const diskFormats: readonly DiskFormat[] = ['vhd', 'qcow2', 'raw', 'vhdx', 'vmdk'];

export interface BuildCommandOptions extends ReuseOptions {
  readonly output?: string;
  readonly format: readonly DiskFormat[];
  readonly json?: boolean;
  readonly keepOnError?: boolean;
  readonly apiVersion?: string;
  readonly name?: string;
  readonly progress: ProgressMode;
  readonly log?: string;
}

export function addBuildCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('build')
    .summary('build the images of a template')
    .description(
      'Builds an image template: starts a build VM from the source image, customizes, generalizes and validates it, and writes every distribution target.',
    )
    .argument('<template>', 'template file; - is standard input')
    .option(
      '-o, --output <folder>',
      'where VHD targets without a uri and copies go (default: goldsmith-out/<name>)',
    )
    .addOption(
      new Option(
        '-f, --format <formats>',
        'also write copies of the image, comma-separated: vhd, qcow2, raw, vhdx, vmdk',
      )
        .argParser(parseFormats)
        .default([], 'none'),
    )
    .addOption(jsonOption())
    .option('--keep-on-error', 'keep the build VM of a failed run; `./goldsmith shell` gets into it')
    .option('--api-version <version>', 'read the template as this api-version instead of the one in the file')
    .option('--name <name>', 'name of the template (default: the one in the file, else the file name)')
    .option('--log <file>', 'also write the progress lines to this file')
    .addOption(progressOption())
    .action(async (path: string, options: BuildCommandOptions) =>
      runCommandBody(context, () => build(context, path, options), options),
    );
  addReuseOptions(command);
  examples(command, [
    './goldsmith build template.json',
    './goldsmith build template.json --output images --format qcow2,vhdx',
    './goldsmith build template.json --rerun install',
    './goldsmith build template.json --json > run.json',
    './goldsmith build - --name web < template.json',
  ]);
}

/** `--progress`, the same words everywhere. */
export function progressOption(): Option {
  return new Option('--progress <mode>', 'live view, plain lines, or chosen by whether this is a terminal')
    .choices([...progressModes])
    .default('auto');
}

/** Builds and reports; resolves with the exit code. */
export async function build(
  context: CommandContext,
  path: string,
  options: BuildCommandOptions,
): Promise<number> {
  const { io, ports, cancellation } = context;
  const outcome = await readTemplate(io, ports.templates, path, options);
  const style = styleOf(io, io.stderr);
  if (!outcome.valid) {
    if (options.json === true) {
      io.stdout.write(`${safeJson({ error: badTemplate(path), issues: outcome.issues })}\n`);
    }
    io.stderr.write(issueReport(path === '-' ? 'standard input' : path, outcome, style));
    return exitCodes.badTemplate;
  }
  io.stderr.write(outcome.warnings.map((warning) => warningText(warning, style)).join(''));
  const templateName = templateNameOf(path, outcome.template.name, options.name);
  using log = options.log === undefined ? undefined : openLog(resolve(io.cwd, options.log));
  using progress = openProgress(io, {
    mode: options.progress,
    onStderr: options.json === true,
    ...(log === undefined ? {} : { copyLine: (line: string) => log.write(line) }),
  });
  cancellation.onCancel((message) => progress.note(message));
  const record = await ports.builds.run(
    {
      template: outcome.template,
      templatePath: path === '-' ? '-' : resolve(io.cwd, path),
      templateName,
      outputFolder: resolve(io.cwd, options.output ?? `goldsmith-out/${templateName}`),
      copies: options.format,
      keepOnError: options.keepOnError === true,
      reuse: reusePolicy(options, outcome.template.customize),
      resume: options.resume === true,
    },
    progress.sink,
    cancellation.signal,
  );
  progress[Symbol.dispose]();
  if (options.json === true) io.stdout.write(`${safeJson(record)}\n`);
  const exitCode = exitCodeOfRun(record);
  const stream = exitCode === exitCodes.ok && options.json !== true ? io.stdout : io.stderr;
  stream.write(runSummary(record, progress.view(), styleOf(io, stream)));
  return exitCode;
}

function parseFormats(text: string): readonly DiskFormat[] {
  const wanted = text.split(',').map((format) => format.trim().toLowerCase());
  const known = diskFormats.filter((format) => wanted.includes(format));
  const unknown = wanted.filter((format) => !diskFormats.some((known) => known === format));
  if (unknown.length > 0)
    throw new InvalidArgumentError(`Unknown: ${unknown.join(', ')}. Use ${diskFormats.join(', ')}.`);
  return known;
}

function badTemplate(path: string): object {
  return { code: 'BadTemplate', message: `The template "${path}" is not valid`, details: [] };
}

function openLog(path: string): Disposable & { write(line: string): void } {
  let file: number;
  try {
    file = openSync(path, 'w');
  } catch (cause) {
    throw new GoldsmithError('BadUsage', `Cannot write the log file "${path}"`, { cause });
  }
  return {
    write: (line) => {
      writeSync(file, `${line}\n`);
    },
    [Symbol.dispose]: () => closeSync(file),
  };
}
