/** `./goldsmith boot` and `./goldsmith shell`: into a machine, on a throw-away overlay or the one a failed run kept. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { LineSplitter } from '../../guest/output/line-splitter.ts';
import type { Generation } from '../../model/image-template.ts';
import type { Provisioning } from '../../model/image.ts';
import { GoldsmithError } from '../../model/errors.ts';
import type { BuildEventSink } from '../../model/run.ts';
import { MIB } from '../../model/sizes.ts';
import { attachTerminal, type AttachEnd } from '../attach-terminal.ts';
import { examples, runCommandBody, type CommandContext } from '../command-context.ts';
import { exitCodes } from '../exit-codes.ts';
import { styleOf, type OutputStream } from '../io.ts';
import type { ConsoleMachine, Machine } from '../ports.ts';
import { readValidTemplate } from '../read-template.ts';
import { openProgress, type ProgressMode } from '../render/progress.ts';
import { safeLine } from '../render/safe-text.ts';
import { progressOption } from './build.ts';
import { findCustomizer } from './reuse-options.ts';

interface BootOptions {
  readonly console?: boolean;
  readonly command?: string;
  readonly memory?: number;
  readonly cpus?: number;
  readonly network: boolean;
  readonly generation?: Generation;
  readonly provisioning?: Provisioning;
  readonly progress: ProgressMode;
}

interface ShellOptions {
  readonly after?: string;
  readonly command?: string;
  readonly progress: ProgressMode;
}

export function addBootCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('boot')
    .summary('boot an image and log in')
    .description(
      'Boots any image on a throw-away overlay with a throw-away user and key, and opens a shell in it. The image itself is never changed. `exit` or Ctrl-] ends it.',
    )
    .argument('<image>', 'image reference, or a disk file: vhd, raw, qcow2, vhdx, vmdk')
    .option('--console', 'show the serial console instead of a shell')
    .option('--command <command>', 'run one command, print what it prints, and exit with its exit code')
    .option('--memory <MiB>', 'memory of the machine in MiB', wholeNumber(256, 1024 * 1024))
    .option('--cpus <count>', 'number of virtual CPUs', wholeNumber(1, 64))
    .option('--no-network', 'the machine reaches nothing outside')
    .addOption(
      new Option(
        '--generation <v>',
        'of a disk file: V1 boots by BIOS, V2 by UEFI (default: as the disk is partitioned)',
      ).choices(['V1', 'V2']),
    )
    .addOption(
      new Option(
        '--provisioning <way>',
        'how the first boot of a disk file is fed: like an Azure VM, or with a NoCloud seed (default: azure)',
      ).choices(['azure', 'nocloud']),
    )
    .addOption(progressOption())
    .action(async (image: string, options: BootOptions) =>
      runCommandBody(context, () => boot(context, image, options)),
    );
  examples(command, [
    './goldsmith boot goldsmith-out/nginx-vhd/nginx-vhd.vhd',
    './goldsmith boot image.qcow2 --console --memory 4096',
    './goldsmith boot debian.qcow2 --generation V2 --provisioning nocloud',
    "./goldsmith boot Contoso:base:linux --command 'nginx -v'",
  ]);
}

export function addShellCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('shell')
    .summary('get into the build VM of a failed run, or after any customizer')
    .description(
      'Opens a shell in a copy of a build VM: the one that a run with `--keep-on-error` (or `errorHandling: abort`) left behind, or the one of a template file as its last build left it after a customizer. What is kept does not change, however often it is entered.',
    )
    .argument('<run or template>', 'run id, a beginning of it, `latest`; or a template file')
    .option(
      '--after <customizer>',
      'of a template: the customizer (name, or number from 1) after which to enter; 0 is before the first (default: after the last)',
    )
    .option('--command <command>', 'run one command, print what it prints, and exit with its exit code')
    .addOption(progressOption())
    .action(async (what: string, options: ShellOptions) =>
      runCommandBody(context, () => shell(context, what, options)),
    );
  examples(command, [
    './goldsmith shell latest',
    "./goldsmith shell 3f2a --command 'journalctl -b | tail'",
    './goldsmith shell template.json --after install',
  ]);
}

async function boot(context: CommandContext, image: string, options: BootOptions): Promise<number> {
  const { io, ports, cancellation } = context;
  const onStderr = options.command !== undefined; // standard output is the command's own
  using progress = openProgress(io, { mode: options.progress, onStderr });
  cancellation.onCancel((message) => progress.note(message));
  const request = {
    image: imageOrFile(io.cwd, image),
    memoryBytes: options.memory === undefined ? undefined : options.memory * MIB,
    cpus: options.cpus,
    network: options.network,
    generation: options.generation,
    provisioning: options.provisioning,
  };
  if (options.console === true) {
    await using machine = await ports.machines.bootConsole(request, progress.sink, cancellation.signal);
    progress[Symbol.dispose]();
    return await useConsole(context, machine);
  }
  await using machine = await ports.machines.boot(request, progress.sink, cancellation.signal);
  progress[Symbol.dispose]();
  return await useMachine(context, machine, options.command);
}

/** A file that is there is meant as a file; anything else names an image in the store. */
function imageOrFile(cwd: string, image: string): string {
  const path = resolve(cwd, image);
  return existsSync(path) ? path : image;
}

async function shell(context: CommandContext, what: string, options: ShellOptions): Promise<number> {
  const { io, cancellation } = context;
  using progress = openProgress(io, { mode: options.progress, onStderr: options.command !== undefined });
  cancellation.onCancel((message) => progress.note(message));
  await using machine = existsSync(resolve(io.cwd, what))
    ? await openCheckpoint(context, what, options, progress.sink)
    : await openKept(context, what, options, progress.sink);
  progress[Symbol.dispose]();
  return await useMachine(context, machine, options.command);
}

async function openKept(
  { ports, cancellation }: CommandContext,
  run: string,
  { after }: ShellOptions,
  sink: BuildEventSink,
): Promise<Machine> {
  if (after !== undefined) {
    throw new GoldsmithError('BadUsage', `--after is for template files, and there is no file "${run}"`, {
      hint: 'A run has one machine: the one of its failing step.',
    });
  }
  const record = await ports.runs.find(run);
  return ports.machines.openKept(record.runId, sink, cancellation.signal);
}

async function openCheckpoint(
  { io, ports, cancellation }: CommandContext,
  path: string,
  { after }: ShellOptions,
  sink: BuildEventSink,
): Promise<Machine> {
  const { template, templateName } = await readValidTemplate(io, ports.templates, path);
  const { customize } = template;
  const done =
    after === undefined ? customize.length : after === '0' ? 0 : findCustomizer(after, customize) + 1;
  const templatePath = resolve(io.cwd, path);
  return ports.machines.openCheckpoint(
    { template, templateName, templatePath, done },
    sink,
    cancellation.signal,
  );
}

async function useMachine(
  context: CommandContext,
  machine: Machine,
  command: string | undefined,
): Promise<number> {
  const { io, cancellation } = context;
  if (command !== undefined) {
    const out = outputTo(io.stdout);
    const err = outputTo(io.stderr);
    const write = (stream: 'out' | 'err', chunk: Buffer): void => (stream === 'out' ? out : err).push(chunk);
    const exitCode = await machine.run(command, write, cancellation.signal);
    out.end();
    err.end();
    return exitCode;
  }
  banner(context, `Logged in to ${machine.title}. \`exit\` or Ctrl-] ends it; nothing you change is kept.`);
  const shell = await machine.openShell(io.stdout.size(), io.env['TERM'] ?? 'xterm');
  const end = await attachTerminal(
    io,
    shell.stream,
    { endWithInput: true, resize: (size) => shell.resize(size) },
    cancellation.signal,
  );
  return leave(context, end);
}

async function useConsole(context: CommandContext, machine: ConsoleMachine): Promise<number> {
  banner(context, `Serial console of ${machine.title}. Ctrl-] ends it; nothing you change is kept.`);
  const { io, cancellation } = context;
  const end = await attachTerminal(io, machine.console, { endWithInput: false }, cancellation.signal);
  return leave(context, end);
}

/** The guest's last line may have no end. */
function leave(context: CommandContext, end: AttachEnd): number {
  if (end !== 'remote-closed') context.io.stdout.write('\n');
  return end === 'cancelled' ? exitCodes.cancelled : exitCodes.ok;
}

/** A pipe gets the bytes as they are; a terminal gets lines that cannot drive it. */
function outputTo(stream: OutputStream): { push(chunk: Buffer): void; end(): void } {
  if (!stream.isTty) return { push: (chunk) => stream.write(chunk), end: () => undefined };
  return new LineSplitter((line) => stream.write(`${safeLine(line)}\n`));
}

function banner(context: CommandContext, text: string): void {
  const { io } = context;
  io.stderr.write(`${styleOf(io, io.stderr).dim(safeLine(text))}\n`);
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`Use a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}
