/** `npm run bench:api [-- --templates 10000 --json]`: how fast the service answers with many templates stored. */
import { readFileSync, globSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { connection } from '../conformance/sdk.ts';
import { startServiceUnderTest, type ServiceUnderTest } from '../conformance/service.ts';
import { startTestPostgres } from '../src/store/testing/test-postgres.ts';
import { formatBytes } from '../src/model/sizes.ts';
import { measureRequests, type Latencies } from './latencies.ts';
import { writePart } from './performance-page.ts';

const { values } = parseArgs({
  options: { templates: { type: 'string', default: '10000' }, json: { type: 'boolean', default: false } },
});
const templates = Number(values.templates);
const location = 'westus2';
const version = 'api-version=2024-02-01';
const samples = 2000;

interface DatabaseResult {
  readonly database: string;
  /** From the start of the program to its first answer. */
  readonly firstAnswerMs: number;
  readonly idleMemoryBytes: number;
  readonly requests: Readonly<Record<string, Latencies>>;
}

const results: DatabaseResult[] = [];
{
  results.push(await measure('PGlite', []));
  await using postgres = await startTestPostgres();
  results.push(await measure('PostgreSQL', ['--database', postgres.url]));
}
writePart('api', page(results));
process.stdout.write(values.json ? `${JSON.stringify(results, undefined, 2)}\n` : `${page(results)}\n`);

async function measure(database: string, args: readonly string[]): Promise<DatabaseResult> {
  const say = (line: string): void => void process.stderr.write(`${database}: ${line}\n`);
  const started = performance.now();
  await using service = await startServiceUnderTest({ args });
  const call = await caller(service);
  await call('GET', '/subscriptions?api-version=2022-12-01');
  const firstAnswerMs = performance.now() - started;
  const idleMemoryBytes = memoryOf(service.process.pid ?? 0);
  const group = `/subscriptions/${service.subscriptionId}/resourceGroups/bench`;
  await call('PUT', `${group}?api-version=2021-04-01`, { location });
  const all = `${group}/providers/Microsoft.VirtualMachineImages/imageTemplates`;
  let status = '';
  const put = async (index: number): Promise<void> => {
    const answer = await call('PUT', `${all}/t${index}?${version}`, template());
    status = answer.headers.get('azure-asyncoperation') ?? status;
  };
  say(`storing ${templates} templates`);
  await measureRequests(templates - samples, 8, put);
  const requests: Record<string, Latencies> = {};
  const run = async (
    name: string,
    senders: number,
    send: (index: number) => Promise<void>,
  ): Promise<void> => {
    say(name);
    requests[name] = await measureRequests(samples, senders, send);
  };
  await run('PUT template', 1, async (index) => put(templates - samples + index));
  const get = async (index: number): Promise<void> => {
    await call('GET', `${all}/t${(index * 7919) % templates}?${version}`);
  };
  await run('GET template', 1, get);
  await run('GET template, 8 at once', 8, get);
  await run('LIST, first page', 1, async () => void (await call('GET', `${all}?${version}`)));
  const statusPath = status.slice(service.endpoint.length);
  await run('async status', 1, async () => void (await call('GET', statusPath)));
  return { database, firstAnswerMs, idleMemoryBytes, requests };
}

async function caller(
  service: ServiceUnderTest,
): Promise<(method: string, path: string, body?: object) => Promise<Response>> {
  const { credential } = connection(service);
  const { token } = await credential.getToken(`${service.endpoint}/.default`);
  return async (method, path, body) => {
    const response = await fetch(service.endpoint + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`);
    return response;
  };
}

function template(): object {
  return {
    location,
    identity: { type: 'None' },
    properties: {
      source: {
        ...{ type: 'PlatformImage', publisher: 'Debian', offer: 'debian-12', sku: '12', version: 'latest' },
      },
      customize: [{ type: 'Shell', name: 'hello', inline: ['echo hello'] }],
      distribute: [{ type: 'VHD', runOutputName: 'vhd' }],
    },
  };
}

/** Resident memory of a process and everything it has started. */
function memoryOf(pid: number): number {
  const processes = globSync('/proc/[0-9]*/status').flatMap((path) => {
    try {
      const text = readFileSync(path, 'utf8');
      const read = (field: string): number =>
        Number(new RegExp(`^${field}:\\s*(\\d+)`, 'm').exec(text)?.[1] ?? 0);
      return [{ pid: read('Pid'), parent: read('PPid'), bytes: read('VmRSS') * 1024 }];
    } catch {
      return []; // it has ended meanwhile
    }
  });
  const below = (root: number): number =>
    processes.filter((one) => one.parent === root).reduce((sum, one) => sum + one.bytes + below(one.pid), 0);
  return below(pid) + (processes.find((one) => one.pid === pid)?.bytes ?? 0);
}

function page(all: readonly DatabaseResult[]): string {
  const cores = cpus().length;
  return [
    '## The service',
    '',
    `Written by \`npm run bench:api\`: ${templates} templates are stored, then each request is sent ${samples} times over`,
    `HTTPS from a program on the same machine (${cores} CPUs for both, Node.js ${process.version}). Memory is what the idle service`,
    'and its helpers keep resident.',
    '',
    '| database | first answer after | memory | request | p50 | p99 | requests/s |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...all.flatMap(({ database, firstAnswerMs, idleMemoryBytes, requests }) =>
      Object.entries(requests).map(
        ([name, { p50Ms, p99Ms, perSecond }]) =>
          `| ${database} | ${(firstAnswerMs / 1000).toFixed(1)} s | ${formatBytes(idleMemoryBytes)} | ${name} | ${p50Ms.toFixed(1)} ms | ${p99Ms.toFixed(1)} ms | ${perSecond.toFixed(0)} |`,
      ),
    ),
    '',
  ].join('\n');
}
