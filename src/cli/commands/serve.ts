/** `./goldsmith serve`: the service for unmodified Azure clients, until Ctrl-C. */
import { once } from 'node:events';
import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { shellWord } from '../../guest/shell-words.ts';
import { examples, jsonOption, runCommandBody, type CommandContext } from '../command-context.ts';
import { exitCodes } from '../exit-codes.ts';
import { styleOf } from '../io.ts';
import type { RunningService } from '../ports.ts';
import { safeJson } from '../render/safe-text.ts';
import type { Style } from '../render/style.ts';

interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly data?: string;
  readonly database?: string;
  readonly blobs?: string;
  readonly simulate?: boolean;
  readonly location?: string;
  readonly json?: boolean;
}

const defaultPort = 8443;

export function addServeCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('serve')
    .summary('answer Azure clients: az, the SDKs, pipelines')
    .description(
      'Starts the service on HTTPS with a private certificate authority, a first subscription and a service principal, all made at the first start. Unmodified Azure clients create, run and fetch images with it.',
    )
    .option('--host <address>', 'address or name to listen on', '127.0.0.1')
    .option('--port <number>', 'port; 0 takes any free one', readPort, defaultPort)
    .option(
      '--data <folder>',
      'where database, keys and credentials are kept (default: in the home of Goldsmith)',
    )
    .option('--database <url>', 'a shared PostgreSQL, postgres://…, instead of the embedded one')
    .option('--blobs <url>', 'a storage account, https://…, instead of blobs in the data folder')
    .option('--simulate', 'run templates without virtual machines, for people who develop clients')
    .option('--location <region>', 'region that az takes when a command names none')
    .addOption(jsonOption())
    .action(async (options: ServeOptions) => runCommandBody(context, () => serve(context, options), options));
  examples(command, [
    './goldsmith serve',
    './goldsmith serve --simulate --port 0 --json',
    './goldsmith serve --database postgres://goldsmith@db.example/goldsmith',
  ]);
}

async function serve(context: CommandContext, options: ServeOptions): Promise<number> {
  const { io, ports, cancellation } = context;
  const { host, port, data, database, blobs, location } = options;
  cancellation.onCancel(() => io.stderr.write('Stopping… (again to force)\n'));
  const dataFolder = data === undefined ? undefined : resolve(io.cwd, data);
  const startedAt = io.now();
  if (options.json !== true) io.stderr.write('Starting…\n');
  await using service = await ports.service.start({
    ...{ host, port, dataFolder, location },
    databaseUrl: database,
    blobsUrl: blobs,
    simulate: options.simulate === true,
  });
  if (options.json === true) {
    const { url, tenantId, subscriptionId, clientId, authorityFile } = service;
    const document = {
      url,
      tenantId,
      subscriptionId,
      clientId,
      authorityFile,
      dataFolder: service.dataFolder,
    };
    io.stdout.write(`${safeJson({ ...document, pid: process.pid })}\n`);
  } else {
    const seconds = ((io.now() - startedAt) / 1000).toFixed(1);
    io.stdout.write(
      welcome(service, { data, seconds, simulate: options.simulate === true }, styleOf(io, io.stdout)),
    );
  }
  const { signal } = cancellation;
  if (!signal.aborted) await once(signal, 'abort');
  return exitCodes.ok;
}

/** What a person needs next, and nothing more. */
function welcome(
  service: RunningService,
  {
    data,
    seconds,
    simulate,
  }: { readonly data: string | undefined; readonly seconds: string; readonly simulate: boolean },
  style: Style,
): string {
  const folder = data === undefined ? '' : ` --data ${shellWord(data)}`;
  return [
    `${style.green(style.marks.done)} Goldsmith answers at ${style.bold(service.url)} ${style.dim(`(started in ${seconds} s)`)}`,
    `  Subscription ${service.subscriptionName} ${style.dim(service.subscriptionId)}, data in ${service.dataFolder}`,
    ...(simulate
      ? [`  ${style.yellow('Simulating: runs go through every step, but no machine boots.')}`]
      : []),
    '',
    'Next, in another terminal:',
    `  ${style.cyan(`eval "$(./goldsmith az-env${folder})"`)}`,
    `  ${style.cyan('az group create --name images --location westus2')}`,
    '',
    'Ctrl-C ends it.',
    '',
  ].join('\n');
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('A number from 0 to 65535 is wanted.');
  return port;
}
