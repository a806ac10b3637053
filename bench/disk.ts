/** `npm run bench:disk [-- --runs 5 --json]`: what it costs to make one raw disk with a digest out of a chain of layers. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readQemuVersion } from '../src/host/accelerator/accelerator.ts';
import { digestDisk } from '../src/disk/disk-digest.ts';
import { chainFileName, type DiskLayer } from '../src/disk/layers/chain.ts';
import { flattenChain } from '../src/disk/layers/flatten-chain.ts';
import type { BuildUser } from '../src/host/build-user.ts';
import { runCommand } from '../src/host/command.ts';
import { formatBytes, GIB } from '../src/model/sizes.ts';
import { makeChain } from './disk-chain.ts';
import { writtenSoFar } from './io-account.ts';
import { median } from './measurement.ts';
import { writePart } from './performance-page.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, json: { type: 'boolean', default: false } },
});
const runs = Number(values.runs);
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
const { signal } = stop;
/** The folder of the benchmark is closed to everybody else. */
const user: BuildUser = { name: 'bench', uid: process.getuid?.() ?? -1, gid: -1, dropsPrivileges: false };

interface DiskResult {
  readonly sizeBytes: number;
  readonly way: string;
  /** Median. */
  readonly durationMs: number;
  /** What the programs gave to the kernel to write. */
  readonly writtenBytes: number;
  readonly allocatedBytes: number;
}

const results: DiskResult[] = [];
for (const sizeGib of [4, 30, 127]) results.push(...(await measureSize(sizeGib * GIB)));
const text = page(results, await readQemuVersion('qemu-img', signal));
writePart('disk', text);
process.stdout.write(values.json ? `${JSON.stringify(results, undefined, 2)}\n` : `${text}\n`);

async function measureSize(sizeBytes: number): Promise<readonly DiskResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'goldsmith-bench-'));
  try {
    process.stderr.write(`${formatBytes(sizeBytes)}: writing the layers\n`);
    const layers = await makeChain(folder, sizeBytes, { user, signal });
    const digests = new Set<string>();
    const measured: DiskResult[] = [];
    for (const [way, act] of ways(folder, layers, sizeBytes)) {
      measured.push(await measureWay(way, sizeBytes, join(folder, 'to.raw'), act, digests));
    }
    if (digests.size !== 1) throw new Error(`The ways lead to different disks: ${[...digests].join(', ')}`);
    return measured;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Act = (to: string) => Promise<string>;

/** Each writes the raw disk and gives its digest. */
function ways(folder: string, layers: readonly DiskLayer[], sizeBytes: number): readonly [string, Act][] {
  const digest: Act = async (to) => digestDisk(to, { sizeBytes, signal });
  const flat = join(folder, 'flat.raw');
  const flatten: Act = async (to) => (await flattenChain({ layers, to, sizeBytes, user, signal })).digest;
  return [
    ['flatten and digest in one pass', flatten],
    [
      '`qemu-img convert -W -m 8`, then the digest',
      async (to) => {
        const argv = ['qemu-img', 'convert', '-W', '-m', '8', '-O', 'raw', chainFileName(layers), to];
        await runCommand(argv, { signal });
        return digest(to);
      },
    ],
    [
      '`cp --sparse=always` of the flat disk, then the digest',
      async (to) => {
        // Not measured: it is there from the first, uncounted run on.
        if ((await stat(flat).catch(() => undefined)) === undefined) await flatten(flat);
        await runCommand(['cp', '--reflink=never', '--sparse=always', '--', flat, to], { signal });
        return digest(to);
      },
    ],
  ];
}

/** The first run only warms the page cache. */
async function measureWay(
  way: string,
  sizeBytes: number,
  to: string,
  act: Act,
  digests: Set<string>,
): Promise<DiskResult> {
  const times: number[] = [];
  let [writtenBytes, allocatedBytes] = [0, 0];
  for (let run = 0; run <= runs; run += 1) {
    const before = writtenSoFar('wchar');
    const started = performance.now();
    digests.add(await act(to));
    const durationMs = performance.now() - started;
    if (run > 0) times.push(durationMs);
    writtenBytes = writtenSoFar('wchar') - before;
    allocatedBytes = (await stat(to)).blocks * 512;
    await rm(to);
  }
  process.stderr.write(`${formatBytes(sizeBytes)}: ${way}: ${times.map(Math.round).join(', ')} ms\n`);
  return { sizeBytes, way, durationMs: median(times), writtenBytes, allocatedBytes };
}

function page(all: readonly DiskResult[], qemu: string): string {
  return [
    '## The disk of a build',
    '',
    'Written by `npm run bench:disk`: a build wrote about 800 MiB of data into three layers (a raw base and two qcow2 layers,',
    'thousands of single blocks among it). The chain becomes one sparse raw file, and its [digest](disk-digest.md) is taken.',
    `The layers are in the page cache; nothing is synced. Measured with ${cpus().length} CPUs, QEMU ${qemu}, Node.js ${process.version}; medians of ${runs}.`,
    '',
    '| size of the disk | way | time | written | allocated |',
    '| --- | --- | --- | --- | --- |',
    ...all.map(
      (item) =>
        `| ${formatBytes(item.sizeBytes)} | ${item.way} | ${(item.durationMs / 1000).toFixed(2)} s | ${formatBytes(item.writtenBytes)} | ${formatBytes(item.allocatedBytes)} |`,
    ),
    '',
  ].join('\n');
}
