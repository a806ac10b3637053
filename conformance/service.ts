/** The service as a person starts it, on a folder and a port of its own. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { recordRequests } from './recorded-requests.ts';
import { endProcess, startProcess } from '../src/host/command.ts';

export const root = join(import.meta.dirname, '..');

/** What `serve --json` prints when it answers. */
const announcement = z.object({
  url: z.url(),
  tenantId: z.string(),
  subscriptionId: z.string(),
  clientId: z.string(),
  authorityFile: z.string(),
  dataFolder: z.string(),
});

const credentials = z.object({ clientSecret: z.string() });

export interface ServiceUnderTest extends AsyncDisposable, Omit<z.infer<typeof announcement>, 'url'> {
  /** For example `https://localhost:8443`. */
  readonly endpoint: string;
  readonly clientSecret: string;
  /** PEM of the private authority. */
  readonly ca: string;
  readonly process: ChildProcess;
  /** What it has printed on stderr, for messages of failed tests. */
  readonly errors: () => string;
}

export interface ServiceOptions {
  /** Reused when given, and then kept; else a new folder that goes with the service. */
  readonly dataFolder?: string;
  /** Machines are simulated unless this is false. */
  readonly simulate?: boolean;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Resolves when the service answers. */
export async function startServiceUnderTest(options: ServiceOptions = {}): Promise<ServiceUnderTest> {
  const { simulate = true, args = [] } = options;
  const dataFolder = options.dataFolder ?? mkdtempSync(join(tmpdir(), 'goldsmith-conformance-'));
  const process = startProcess(
    [
      ...[join(root, 'goldsmith'), 'serve', '--data', dataFolder, '--port', '0', '--json'],
      ...(simulate ? ['--simulate'] : []),
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { GOLDSMITH_LOG_LEVEL: 'debug', ...options.env } },
  );
  let errors = '';
  process.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-20_000);
    recordRequests(text);
  });
  const document = await firstDocument(process);
  if (document === undefined) throw new Error(`The service ended before it answered:\n${errors}`);
  const { url, ...said } = announcement.parse(document);
  const secrets: unknown = JSON.parse(readFileSync(join(said.dataFolder, 'credentials.json'), 'utf8'));
  return {
    ...said,
    endpoint: url,
    clientSecret: credentials.parse(secrets).clientSecret,
    process,
    ca: readFileSync(said.authorityFile, 'utf8'),
    errors: () => errors,
    async [Symbol.asyncDispose]() {
      await endProcess(process, 30_000);
      if (options.dataFolder === undefined) rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}

/** What the service says when it answers: one JSON document; undefined when it ends before. */
async function firstDocument(process: ChildProcess): Promise<unknown> {
  let text = '';
  return new Promise((resolve) => {
    process.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.endsWith('}\n')) resolve(JSON.parse(text));
    });
    process.once('close', () => resolve(undefined));
  });
}
