/**
 * `npm run bench:growth`: how the cost of keeping and waking machines grows with the size of the disk, and with ten builds
 * at once from one boot template. The builds customize next to nothing: what is measured is everything else.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatBytes, formatDuration } from '../src/model/sizes.ts';
import { emptyCache, measureGoldsmith, type GoldsmithMeasurement } from './measure-goldsmith.ts';
import { median } from './measurement.ts';
import { writePart } from './performance-page.ts';
import { watchDescendants } from './watch-processes.ts';

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
const { signal } = stop;

const SIZES_GB = [4, 30, 127];
const AT_ONCE = 10;

const folder = await mkdtemp(join(tmpdir(), 'goldsmith-bench-'));
try {
  const bySize = [];
  for (const sizeGb of SIZES_GB) bySize.push(await measureSize(sizeGb));
  const text = page(bySize, await measureCrowd());
  writePart('growth', text);
  process.stdout.write(`${text}\n`);
} finally {
  await emptyCache(signal);
  await rm(folder, { recursive: true, force: true });
}

interface SizeResult {
  readonly sizeGb: number;
  readonly cold: GoldsmithMeasurement;
  readonly woken: GoldsmithMeasurement;
}

async function measureSize(sizeGb: number): Promise<SizeResult> {
  process.stderr.write(`${sizeGb} GB\n`);
  const template = await writeTemplate(`disk-${sizeGb}`, { osDiskSizeGB: sizeGb, vmSize: 'Standard_D2s_v3' });
  await emptyCache(signal);
  const output = ['--output', join(folder, 'out')];
  const cold = await measureGoldsmith(template, output, signal);
  const woken = await measureGoldsmith(template, [...output, '--max-age', '0'], signal);
  return { sizeGb, cold, woken };
}

interface CrowdResult {
  readonly alone: GoldsmithMeasurement;
  readonly crowd: readonly GoldsmithMeasurement[];
  readonly totalMs: number;
  readonly peakMemoryBytes: number;
  readonly writtenBytes: number;
}

/** Small machines, so that ten of them fit beside each other on a small host. */
async function measureCrowd(): Promise<CrowdResult> {
  process.stderr.write(`${AT_ONCE} at once\n`);
  const template = await writeTemplate('crowd', { vmSize: 'Standard_B1s' });
  await emptyCache(signal);
  const build = async (name: string): Promise<GoldsmithMeasurement> =>
    measureGoldsmith(template, ['--output', join(folder, name), '--name', name, '--max-age', '0'], signal);
  await build('first');
  const alone = await build('alone');
  const watch = watchDescendants();
  const started = performance.now();
  const crowd = await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, index) => build(`crowd-${index}`)),
  );
  return { alone, crowd, totalMs: performance.now() - started, ...watch.stop() };
}

/** The reference template on another machine, with one customizer that is over at once. */
async function writeTemplate(name: string, vmProfile: object): Promise<string> {
  const reference = JSON.parse(await readFile(join(import.meta.dirname, 'template.json'), 'utf8'));
  const customize = [{ type: 'Shell', name: 'touch', inline: ['sudo touch /etc/built'] }];
  const path = join(folder, `${name}.json`);
  const template = { ...reference, name, properties: { ...reference.properties, vmProfile, customize } };
  await writeFile(path, JSON.stringify(template));
  return path;
}

function page(bySize: readonly SizeResult[], { alone, crowd, ...all }: CrowdResult): string {
  const usage = ({ peakMemoryBytes, writtenBytes, cacheBytes }: GoldsmithMeasurement): string =>
    [peakMemoryBytes, writtenBytes, cacheBytes].map(formatBytes).join(' | ');
  const ready = ({ readyMs }: GoldsmithMeasurement): string => formatDuration(readyMs ?? 0);
  const medianOf = (pick: (one: GoldsmithMeasurement) => number): string =>
    formatDuration(median(crowd.map(pick)));
  return [
    '## How it grows',
    '',
    'Written by `npm run bench:growth`. The builds customize next to nothing, so these are the costs of everything else.',
    '',
    '| disk | build | ready for the first command | whole build | peak memory | written to disk | cache afterwards |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...bySize.flatMap(({ sizeGb, cold, woken }) => [
      `| ${sizeGb} GB | cold | ${ready(cold)} | ${formatDuration(cold.totalMs)} | ${usage(cold)} |`,
      `| ${sizeGb} GB | from the boot template | ${ready(woken)} | ${formatDuration(woken.totalMs)} | ${usage(woken)} |`,
    ]),
    '',
    `${AT_ONCE} builds at once from one boot template, each with one CPU and 1 GiB:`,
    '',
    '| builds | ready for the first command | one build | all of them | peak memory of all | written by all |',
    '| --- | --- | --- | --- | --- | --- |',
    `| 1 | ${ready(alone)} | ${formatDuration(alone.totalMs)} | ${formatDuration(alone.totalMs)} | ${formatBytes(alone.peakMemoryBytes)} | ${formatBytes(alone.writtenBytes)} |`,
    `| ${AT_ONCE} (medians) | ${medianOf(({ readyMs }) => readyMs ?? 0)} | ${medianOf(({ totalMs }) => totalMs)} | ${formatDuration(all.totalMs)} | ${formatBytes(all.peakMemoryBytes)} | ${formatBytes(all.writtenBytes)} |`,
  ].join('\n');
}
