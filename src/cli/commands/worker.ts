/** `./goldsmith worker`: builds what a service on other machines was asked for, until Ctrl-C. */
import { once } from 'node:events';
import type { Command } from 'commander';
import { examples, runCommandBody, type CommandContext } from '../command-context.ts';
import { exitCodes } from '../exit-codes.ts';

interface WorkerCommandOptions {
  readonly database: string;
  readonly blobs: string;
  readonly simulate?: boolean;
}

export function addWorkerCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('worker')
    .summary('build what a service on other machines was asked for')
    .description(
      'Takes runs from the database of a service, as many as fit on this machine, and builds their images here. A worker that ends gives its runs back; one that dies loses them to the others within seconds. The key of the storage account is read from AZURE_STORAGE_KEY.',
    )
    .requiredOption('--database <url>', 'the PostgreSQL of the service, postgres://…')
    .requiredOption('--blobs <url>', 'the storage account of the service, https://…')
    .option('--simulate', 'run templates without virtual machines, for people who develop clients')
    .action(async (options: WorkerCommandOptions) => runCommandBody(context, () => work(context, options)));
  examples(command, [
    './goldsmith worker --database postgres://goldsmith@db.example/goldsmith --blobs https://images.blob.core.windows.net',
  ]);
}

async function work(
  { io, ports, cancellation }: CommandContext,
  options: WorkerCommandOptions,
): Promise<number> {
  cancellation.onCancel(() => io.stderr.write('Giving the runs back… (again to force)\n'));
  await using _worker = await ports.workers.start({
    databaseUrl: options.database,
    blobsUrl: options.blobs,
    simulate: options.simulate === true,
  });
  io.stderr.write('Waiting for runs. Ctrl-C ends it.\n');
  const { signal } = cancellation;
  if (!signal.aborted) await once(signal, 'abort');
  return exitCodes.ok;
}
