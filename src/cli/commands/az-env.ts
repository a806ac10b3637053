/** `./goldsmith az-env`: the lines that point a shell's `az` at the service. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { GoldsmithError } from '../../model/errors.ts';
import { examples, jsonOption, runCommandBody, type CommandContext } from '../command-context.ts';
import { exitCodes } from '../exit-codes.ts';
import { safeJson } from '../render/safe-text.ts';

interface AzEnvOptions {
  readonly data?: string;
  readonly json?: boolean;
}

export function addAzEnvCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('az-env')
    .summary('print the lines that log az in to the service')
    .description(
      'Prints shell lines for eval: they register the service as a cloud in a configuration folder of its own, so that your other logins stay as they are, and log in with its service principal. Running them again changes nothing.',
    )
    .option('--data <folder>', 'the data folder that serve was given')
    .addOption(jsonOption())
    .action(async (options: AzEnvOptions) => runCommandBody(context, () => azEnv(context, options), options));
  examples(command, ['eval "$(./goldsmith az-env)"', './goldsmith az-env --json']);
}

async function azEnv({ io, ports, cancellation }: CommandContext, options: AzEnvOptions): Promise<number> {
  const folder = options.data === undefined ? undefined : resolve(io.cwd, options.data);
  const environment = await ports.service.environment(folder, cancellation.signal);
  const { lines, isAnswering, hasAzureCli, ...document } = environment;
  if (!isAnswering) {
    throw new GoldsmithError('HostNotReady', `The service at ${environment.url} does not answer`, {
      hint: 'Start it with ./goldsmith serve, and leave it running.',
    });
  }
  if (options.json === true) {
    io.stdout.write(`${safeJson(document)}\n`);
    return exitCodes.ok;
  }
  if (!hasAzureCli) io.stderr.write('az is not installed here. On Debian: apt-get install azure-cli\n');
  io.stdout.write(`${lines.join('\n')}\n`);
  if (io.stdout.isTty) io.stderr.write('\nTo use it, type: eval "$(./goldsmith az-env)"\n');
  return exitCodes.ok;
}
