/** `./goldsmith boot` and `./goldsmith shell`: into a machine, on a throw-away overlay or the one a failed run kept. */
import { InvalidArgumentError, type Command } from 'commander';
import { MIB } from '../../model/sizes.ts';
import { attachTerminal } from '../attach-terminal.ts';
import { examples, runCommandBody, type CommandContext } from '../command-context.ts';
import { exitCodes } from '../exit-codes.ts';
import { styleOf } from '../io.ts';
import type { Machine } from '../ports.ts';
import { openProgress, type ProgressMode } from '../render/progress.ts';
import { safeLine } from '../render/safe-text.ts';
import { progressOption } from './build.ts';

interface BootOptions {
  readonly console?: boolean;
  readonly command?: string;
  readonly memory?: number;
  readonly cpus?: number;
  readonly network: boolean;
  readonly progress: ProgressMode;
}

interface ShellOptions {
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
    .option('--no-network', 'give the machine no way out: it reaches nothing but this shell')
    .addOption(progressOption())
    .action(async (image: string, options: BootOptions) =>
      runCommandBody(context, () => boot(context, image, options)),
    );
  examples(command, [
    './goldsmith boot goldsmith-out/nginx-vhd/nginx-vhd.vhd',
    './goldsmith boot image.qcow2 --console --memory 4096',
    "./goldsmith boot Contoso:base:linux --command 'nginx -v'",
  ]);
}

export function addShellCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('shell')
    .summary('get into the kept build VM of a failed run')
    .description(
      'Opens a shell in the build VM that a run with `--keep-on-error` (or `errorHandling: abort`) left behind.',
    )
    .argument('<run>', 'run id, a beginning of it, or `latest`')
    .option('--command <command>', 'run one command, print what it prints, and exit with its exit code')
    .addOption(progressOption())
    .action(async (run: string, options: ShellOptions) =>
      runCommandBody(context, () => shell(context, run, options)),
    );
  examples(command, ['./goldsmith shell latest', "./goldsmith shell 3f2a --command 'journalctl -b | tail'"]);
}

async function boot(context: CommandContext, image: string, options: BootOptions): Promise<number> {
  const { io, ports, cancellation } = context;
  const onStderr = options.command !== undefined; // standard output is the command's own
  using progress = openProgress(io, { mode: options.progress, onStderr });
  cancellation.onCancel((message) => progress.note(message));
  await using machine = await ports.machines.boot(
    {
      image,
      memoryBytes: options.memory === undefined ? undefined : options.memory * MIB,
      cpus: options.cpus,
      network: options.network,
    },
    options.console !== true,
    progress.sink,
    cancellation.signal,
  );
  progress[Symbol.dispose]();
  return options.console === true
    ? useConsole(context, machine)
    : useMachine(context, machine, options.command);
}

async function shell(context: CommandContext, run: string, options: ShellOptions): Promise<number> {
  const { io, ports, cancellation } = context;
  const record = await ports.runs.find(run);
  using progress = openProgress(io, { mode: options.progress, onStderr: options.command !== undefined });
  cancellation.onCancel((message) => progress.note(message));
  await using machine = await ports.machines.openKept(record.runId, progress.sink, cancellation.signal);
  progress[Symbol.dispose]();
  return useMachine(context, machine, options.command);
}

async function useMachine(
  context: CommandContext,
  machine: Machine,
  command: string | undefined,
): Promise<number> {
  const { io, cancellation } = context;
  if (command !== undefined) {
    return machine.run(
      command,
      (stream, chunk) => (stream === 'out' ? io.stdout : io.stderr).write(chunk),
      cancellation.signal,
    );
  }
  banner(context, `Logged in to ${machine.title}. \`exit\` or Ctrl-] ends it; nothing you change is kept.`);
  const shell = await machine.openShell(io.stdout.size(), cancellation.signal);
  const end = await attachTerminal(
    io,
    shell.stream,
    { endWithInput: true, resize: (size) => shell.resize(size) },
    cancellation.signal,
  );
  return end === 'cancelled' ? exitCodes.cancelled : exitCodes.ok;
}

async function useConsole(context: CommandContext, machine: Machine): Promise<number> {
  banner(context, `Serial console of ${machine.title}. Ctrl-] ends it; nothing you change is kept.`);
  const { io, cancellation } = context;
  const end = await attachTerminal(io, machine.console, { endWithInput: false }, cancellation.signal);
  return end === 'cancelled' ? exitCodes.cancelled : exitCodes.ok;
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
