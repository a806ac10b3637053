/** `./goldsmith clean`: takes away what dead runs left, and on request everything that can be made again. */
import type { Command } from 'commander';
import { formatBytes } from '../../model/sizes.ts';
import { examples, jsonOption, runCommandBody, type CommandContext } from '../command-context.ts';
import { exitCodes } from '../exit-codes.ts';
import { styleOf } from '../io.ts';
import { safeJson } from '../render/safe-text.ts';
import { table } from '../render/table.ts';

interface CleanOptions {
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function addCleanCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('clean')
    .summary('free disk space')
    .description(
      'Takes away what interrupted runs left behind. Images in the store and your outputs are never touched.',
    )
    .option('--all', 'also remove finished runs with their logs, and every cache')
    .option('--dry-run', 'only say what would be removed')
    .addOption(jsonOption())
    .action(async (options: CleanOptions) => runCommandBody(context, () => clean(context, options), options));
  examples(command, ['./goldsmith clean --dry-run', './goldsmith clean --all']);
}

async function clean(context: CommandContext, options: CleanOptions): Promise<number> {
  const { io, ports, cancellation } = context;
  const dryRun = options.dryRun === true;
  const things = await ports.cleaning.clean({ all: options.all === true, dryRun }, cancellation.signal);
  const freedBytes = things.reduce((sum, thing) => sum + thing.freedBytes, 0);
  if (options.json === true) {
    io.stdout.write(`${safeJson({ dryRun, freedBytes, removed: things })}\n`);
    return exitCodes.ok;
  }
  const style = styleOf(io, io.stdout);
  if (things.length > 0) {
    const rows = things.map((thing) => [thing.what, formatBytes(thing.freedBytes), thing.path ?? '']);
    io.stdout.write(table(['WHAT', 'SIZE', 'WHERE'], rows, style));
  }
  const verb = dryRun ? 'Would free' : 'Freed';
  io.stdout.write(
    things.length === 0 ? 'Nothing to clean.\n' : `${style.bold(`${verb} ${formatBytes(freedBytes)}`)}\n`,
  );
  return exitCodes.ok;
}
