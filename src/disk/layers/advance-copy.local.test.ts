import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { runCommand } from '../../host/command.ts';
import { isGoldsmithError } from '../../model/errors.ts';
import { KIB, MIB } from '../../model/sizes.ts';
import { allocatedSizeBytes } from '../allocated-size.ts';
import { digestDisk } from '../disk-digest.ts';
import { dataExtents, type Extent } from '../extents.ts';
import { scratchFolder } from '../testing/scratch-folder.ts';
import { startFlattening, type AdvanceCopy } from './advance-copy.ts';
import { chainNode, type DiskLayer } from './chain.ts';
import { flattenChain } from './flatten-chain.ts';
import { addLayer, baseLayer, user } from './testing/layered-disk.ts';
import { randomCommands, writeNoise, writeThroughChain } from './testing/random-writes.ts';

const { signal } = new AbortController();

interface Disk {
  readonly folder: string;
  readonly layers: readonly DiskLayer[];
  readonly sizeBytes: number;
}

/** A base and a layer above it, 24 MiB and a bit; data are in 13 blocks: 0, 4 to 13, 23 and 24. */
async function lowerDisk(t: TestContext): Promise<Disk> {
  const folder = scratchFolder(t);
  const sizeBytes = 24 * MIB + 512;
  const layers = await addLayer([baseLayer(folder, sizeBytes)], folder, sizeBytes);
  await writeThroughChain(layers, ['write -P 1 4M 10M']);
  return { folder, layers, sizeBytes };
}

/** Adds a layer in which `commands` are done. */
async function withUpper(disk: Disk, commands: readonly string[], sizeBytes = disk.sizeBytes): Promise<Disk> {
  const layers = await addLayer(disk.layers, disk.folder, sizeBytes);
  if (commands.length > 0) await writeThroughChain(layers, commands);
  return { ...disk, layers, sizeBytes };
}

function start(
  disk: Disk,
  options: { to?: string; sizeBytes?: number; signal?: AbortSignal } = {},
): AdvanceCopy {
  const { layers, folder, sizeBytes } = disk;
  return startFlattening({ layers, to: join(folder, 'flat'), sizeBytes, user, signal, ...options });
}

/** Data extents, without the piece of a block at the end of the file: whether zeros can be a hole there is the file system's choice. */
async function wholeExtents(path: string): Promise<readonly Extent[]> {
  const end = Math.floor(statSync(path).size / MIB) * MIB;
  return (await dataExtents(path, { signal }))
    .filter(({ start }) => start < end)
    .map(({ start, length }) => ({ start, length: Math.min(length, end - start) }));
}

/** Finishes, and compares with what `flattenChain` makes. @returns the MiB that were left to copy. */
async function finishAsFlattened(copy: AdvanceCopy, { folder, layers, sizeBytes }: Disk): Promise<number> {
  const [ours, theirs] = [join(folder, 'flat'), join(folder, 'expected')];
  const before = readdirSync(folder).filter((name) => !name.endsWith('.tmp'));
  let copiedBytes = 0;
  const onProgress = (_done: number, total: number): void => void (copiedBytes = total);
  const flat = await copy.finish({ layers, signal, onProgress });
  assert.deepEqual(readdirSync(folder).toSorted(), [...before, 'flat'].toSorted());
  const expected = await flattenChain({ layers, to: theirs, sizeBytes, user, signal });
  await runCommand(['cmp', ours, theirs]);
  assert.equal(flat.digest, expected.digest);
  assert.equal(flat.digest, await digestDisk(ours, { sizeBytes, signal }));
  assert.deepEqual(await wholeExtents(ours), await wholeExtents(theirs));
  // File systems settle the last blocks later.
  assert.ok(Math.abs(flat.allocatedSizeBytes - (await allocatedSizeBytes(ours))) <= 64 * KIB);
  // The file system's own tables count, and depend on the order in which it was written.
  assert.ok(Math.abs(flat.allocatedSizeBytes - expected.allocatedSizeBytes) <= 64 * KIB);
  return copiedBytes / MIB;
}

const upperLayers: readonly (readonly [what: string, commands: readonly string[], blocks: number])[] = [
  ['holds nothing', [], 0],
  ['writes where nothing was', ['write -P 5 16M 64k', 'write -P 5 19968k 600k'], 3],
  [
    'overwrites blocks and parts of blocks',
    ['write -P 6 5M 1M', 'write -P 6 7M 4k', 'write -P 6 512 512'],
    3,
  ],
  ['discards blocks', ['discard 8M 2M', 'discard 13M 11M'], 4],
  ['discards parts of blocks', ['discard 4M 300k', 'discard 6592k 900k'], 3],
  ['writes zeros', ['write -z -u 4M 1M', 'write -P 0 5M 1M', 'write -P 0 7M 12k'], 3],
  ['discards and writes again', ['discard 4M 4M', 'write -P 7 5120k 4k'], 4],
  ['clears a last piece', ['write -z 24M 512'], 1],
  ['discards everything', ['write -z -u 0 24M', 'write -z 24M 512'], 13],
  ['overwrites everything', ['write -P 9 0 25166336'], 25],
];

for (const [what, commands, blocks] of upperLayers) {
  test(`the disk is as flattened at once, from few blocks, when the upper layer ${what}`, async (t) => {
    const lower = await lowerDisk(t);
    await using copy = start(lower);
    assert.deepEqual(await copy.settled(), {});
    assert.equal(await finishAsFlattened(copy, await withUpper(lower, commands)), blocks);
  });
}

test('several upper layers may come, and later ones take back what earlier ones did', async (t) => {
  const lower = await lowerDisk(t);
  await using copy = start(lower);
  let disk = await withUpper(lower, ['discard 4M 4M', 'write -P 3 15M 1M']);
  disk = await withUpper(disk, ['write -P 4 6M 100k', 'discard 15M 1M']);
  disk = await withUpper(disk, ['write -P 4 12M 4k']);
  await copy.settled();
  assert.equal(await finishAsFlattened(copy, disk), 5);
});

test('the copy goes on with layers that become final, and takes back what they took back', async (t) => {
  let disk = await lowerDisk(t);
  await using copy = start(disk);
  disk = await withUpper(disk, ['discard 4M 4M', 'write -P 3 15M 1M', 'write -P 2 10M 4k']);
  copy.extend(disk.layers);
  disk = await withUpper(disk, ['write -P 4 6M 100k', 'discard 15M 1M', 'write -P 8 20M 1M']);
  copy.extend(disk.layers);
  copy.extend(disk.layers);
  assert.deepEqual(await copy.settled(), {});
  disk = await withUpper(disk, ['write -P 4 12M 4k', 'discard 20M 1M']);
  assert.equal(await finishAsFlattened(copy, disk), 2);
});

test('a copy that had no time to go on, or is told of other layers, is finished all the same', async (t) => {
  const first = await lowerDisk(t);
  const second = await withUpper(first, ['discard 4M 4M', 'write -P 3 15M 1M']);
  await using hurried = start(first);
  await hurried.settled();
  hurried.extend(second.layers);
  await finishAsFlattened(hurried, await withUpper(second, ['write -P 4 4M 4k']));
  rmSync(join(first.folder, 'flat'));
  rmSync(join(first.folder, 'expected'));
  await using misled = start(second);
  misled.extend(second.layers.slice(1));
  await misled.settled();
  await finishAsFlattened(misled, second);
});

test('a disk may grow, from a base of any length', async (t) => {
  for (const baseBytes of [700, 4 * MIB, 4 * MIB + 700, 21 * MIB + 512]) {
    const folder = scratchFolder(t);
    const lower = { folder, layers: [baseLayer(folder, 70_000 * 5 + baseBytes)], sizeBytes: 24 * MIB };
    await using copy = start(lower, { sizeBytes: 31 * MIB + 512 });
    assert.deepEqual(await copy.settled(), {});
    const commands = ['write -P 3 30M 1M', 'discard 22M 4M'];
    await finishAsFlattened(copy, await withUpper(lower, commands, 31 * MIB + 512));
  }
});

test('random writes and discards over lower and upper layers flatten the same', async (t) => {
  for (const seed of ['d', 'e', 'f', 'g']) {
    const folder = scratchFolder(t);
    const noise = join(folder, 'noise');
    const sizeBytes = 40 * MIB + 4 * KIB;
    let disk: Disk = { folder, layers: [baseLayer(folder, sizeBytes)], sizeBytes };
    const grow = async (index: number): Promise<void> => {
      writeNoise(noise, `${seed}${index}`);
      const alignment = index % 2 === 0 ? 512 : 4096;
      const commands = randomCommands({ seed: `${seed}${index}`, count: 12, sizeBytes, noise, alignment });
      disk = await withUpper(disk, commands);
    };
    for (const index of [1, 2]) await grow(index);
    await using copy = start(disk);
    for (const index of [3, 4]) await grow(index);
    await finishAsFlattened(copy, disk);
  }
});

test('what there was no time for is copied in the end', async (t) => {
  const lower = await lowerDisk(t);
  const disk = await withUpper(lower, ['discard 4M 1M']);
  await using copy = start(lower);
  assert.ok((await finishAsFlattened(copy, disk)) >= 12);
});

test('the copy can be made while a machine has the disk', async (t) => {
  const lower = await lowerDisk(t);
  const disk = await withUpper(lower, ['write -P 4 6M 4k']);
  const machine = [
    'qemu-system-x86_64',
    '-M',
    'none',
    '-nodefaults',
    '-display',
    'none',
    '-monitor',
    'stdio',
  ];
  const off = new AbortController();
  const { promise: isOn, resolve: turnedOn } = Promise.withResolvers<void>();
  const node = chainNode(disk.layers, { node: { 'node-name': 'os', discard: 'unmap' } });
  const argv = [...machine, '-blockdev', JSON.stringify(node)];
  const run = runCommand(argv, {
    input: 'info block -n os\n',
    signal: off.signal,
    onOutput: () => turnedOn(),
  });
  await Promise.race([isOn, run]);
  await using copy = start(lower);
  assert.deepEqual(await copy.settled(), {});
  off.abort();
  await assert.rejects(run, (error) => isGoldsmithError(error, 'Cancelled'));
  assert.equal(await finishAsFlattened(copy, disk), 1);
});

test('a copy that is given up leaves nothing, at whatever moment', async (t) => {
  const lower = await lowerDisk(t);
  const before = readdirSync(lower.folder);
  for (const wait of [true, false]) {
    const copy = start(lower);
    if (wait) {
      await copy.settled();
      assert.equal(readdirSync(lower.folder).length, before.length + 1);
    }
    await copy[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(lower.folder), before);
    await copy[Symbol.asyncDispose]();
    await assert.rejects(copy.finish({ layers: lower.layers, signal }), (error) =>
      isGoldsmithError(error, 'Cancelled'),
    );
  }
  assert.deepEqual(readdirSync(lower.folder), before);
});

test('a cancelled copy leaves nothing, and an older file as it was', async (t) => {
  const disk = await withUpper(await lowerDisk(t), ['write -P 4 6M 3M']);
  const lower = { ...disk, layers: disk.layers.slice(0, -1) };
  writeFileSync(join(disk.folder, 'flat'), 'old');
  const before = readdirSync(disk.folder);
  const isCancelled = (error: unknown): boolean => isGoldsmithError(error, 'Cancelled');
  for (const when of ['before', 'between', 'at the end', 'while it finishes'] as const) {
    const stop = new AbortController();
    const end = new AbortController();
    if (when === 'before') stop.abort();
    await using copy = start(lower, { signal: stop.signal });
    if (when !== 'between') await copy.settled();
    if (when === 'between') stop.abort();
    if (when === 'at the end') end.abort();
    const onProgress = (): void => end.abort();
    await assert.rejects(copy.finish({ layers: disk.layers, signal: end.signal, onProgress }), isCancelled);
    assert.deepEqual(readdirSync(disk.folder), before);
  }
  assert.equal(readFileSync(join(disk.folder, 'flat'), 'utf8'), 'old');
});

test('a disk that cannot be finished leaves nothing', async (t) => {
  const lower = await lowerDisk(t);
  const disk = await withUpper(lower, ['write -P 4 6M 4k']);
  const before = readdirSync(disk.folder);
  {
    await using copy = start(lower, { sizeBytes: 30 * MIB });
    await copy.settled();
    await assert.rejects(copy.finish({ layers: disk.layers, signal }), /bytes long/);
  }
  await using copy = start(lower);
  await copy.settled();
  const onProgress = (): void => truncateSync(lower.layers[0]?.path ?? '', 23 * MIB);
  await assert.rejects(copy.finish({ layers: disk.layers, signal, onProgress }), /shorter or longer/);
  assert.deepEqual(readdirSync(disk.folder), before);
});

test('a lower layer that changed its length after it was copied is not taken', async (t) => {
  const lower = await lowerDisk(t);
  await using copy = start(lower);
  await copy.settled();
  truncateSync(lower.layers[1]?.path ?? '', 40 * MIB);
  const disk = await withUpper(lower, []);
  await assert.rejects(copy.finish({ layers: disk.layers, signal }), /shorter or longer/);
  assert.ok(!readdirSync(lower.folder).some((name) => name.includes('flat')));
});

test('a copy in advance that failed costs nothing but time', async (t) => {
  const lower = await lowerDisk(t);
  const disk = await withUpper(lower, ['write -P 4 6M 4k']);
  const [base, away] = [join(lower.folder, 'base.raw'), join(lower.folder, 'away')];
  renameSync(base, away);
  await using copy = start(lower);
  assert.ok(isGoldsmithError((await copy.settled()).failure, 'SourceNotFound'));
  renameSync(away, base);
  assert.equal(await finishAsFlattened(copy, disk), 13);

  const to = join(lower.folder, 'later', 'flat');
  await using other = start(lower, { to });
  assert.match(String((await other.settled()).failure), /ENOENT/);
  mkdirSync(join(lower.folder, 'later'));
  await other.finish({ layers: disk.layers, signal });
  assert.deepEqual(readdirSync(join(lower.folder, 'later')), ['flat']);
});

test('where no holes can be made, everything is copied', async (t) => {
  const path = process.env['PATH'] ?? '';
  t.after(() => void (process.env['PATH'] = path));
  for (const exitCode of [0, 1]) {
    const lower = await lowerDisk(t);
    const disk = await withUpper(lower, ['write -P 4 6M 4k']);
    await using copy = start(lower);
    await copy.settled();
    const programs = scratchFolder(t);
    writeFileSync(join(programs, 'qemu-io'), `#!/bin/sh\nexit ${exitCode}\n`);
    chmodSync(join(programs, 'qemu-io'), 0o755);
    process.env['PATH'] = `${programs}:${path}`;
    assert.equal(await finishAsFlattened(copy, disk), 13);
    process.env['PATH'] = path;
  }
});

test('a chain that does not begin with the lower layers is flattened all the same', async (t) => {
  const lower = await lowerDisk(t);
  const other = join(lower.folder, 'other.raw');
  writeFileSync(other, Buffer.alloc(lower.sizeBytes, 'other'));
  for (const layers of [
    [{ path: other, format: 'raw' as const }, ...lower.layers.slice(1)],
    lower.layers.slice(0, 1),
    [...lower.layers.slice(1)],
  ]) {
    await using copy = start(lower);
    await copy.settled();
    await finishAsFlattened(copy, { ...lower, layers });
    renameSync(join(lower.folder, 'flat'), join(lower.folder, 'expected'));
  }
});
