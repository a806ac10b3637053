import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { runCommand } from '../../host/command.ts';
import { isGoldsmithError } from '../../model/errors.ts';
import { KIB, MIB } from '../../model/sizes.ts';
import { digestDisk } from '../disk-digest.ts';
import { allocatedSizeBytes } from '../allocated-size.ts';
import { dataExtents } from '../extents.ts';
import { scratchFolder } from '../testing/scratch-folder.ts';
import { chainFileName, chainNode, type DiskLayer } from './chain.ts';
import { createLayer } from './create-layer.ts';
import { flattenChain, type FlatDisk } from './flatten-chain.ts';
import { addLayer, baseLayer, user } from './testing/layered-disk.ts';
import { randomCommands, writeNoise, writeThroughChain } from './testing/random-writes.ts';

const { signal } = new AbortController();
/** Flattens, and compares with what QEMU makes of the same chain. */
async function flattenAsQemu(
  folder: string,
  layers: readonly DiskLayer[],
  sizeBytes: number,
): Promise<FlatDisk> {
  const [ours, theirs] = [join(folder, 'ours.raw'), join(folder, 'theirs.raw')];
  const flat = await flattenChain({ layers, to: ours, sizeBytes, user, signal });
  await runCommand(['qemu-img', 'convert', '-O', 'raw', chainFileName(layers), theirs]);
  assert.equal(statSync(ours).size, sizeBytes);
  await runCommand(['cmp', '-n', String(sizeBytes), ours, theirs]);
  assert.equal(flat.digest, await digestDisk(theirs, { sizeBytes, signal }));
  // File systems settle the last blocks later.
  assert.ok(Math.abs(flat.allocatedSizeBytes - (await allocatedSizeBytes(ours))) <= 64 * KIB);
  assert.ok(flat.allocatedSizeBytes <= (await allocatedSizeBytes(theirs)) + 64 * KIB);
  return flat;
}

/** A base of 24 MiB with two layers that have a few things written. */
async function smallChain(
  t: TestContext,
): Promise<{ folder: string; layers: DiskLayer[]; sizeBytes: number }> {
  const folder = scratchFolder(t);
  const sizeBytes = 24 * MIB;
  let layers = await addLayer([baseLayer(folder, sizeBytes)], folder, sizeBytes);
  await writeThroughChain(layers, ['write -P 1 4M 10M']);
  layers = await addLayer(layers, folder, sizeBytes);
  await writeThroughChain(layers, ['write -P 2 5M 4k', 'discard 8M 1M']);
  return { folder, layers, sizeBytes };
}

test('an empty layer is small, private, names no other file and is never made over a file', async (t) => {
  const path = join(scratchFolder(t), 'a,b:c.qcow2');
  await createLayer(path, 127 * 1024 * MIB, { signal, user });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.ok(statSync(path).size < 4 * MIB);
  const { stdout } = await runCommand(['qemu-img', 'info', '--output=json', path]);
  const info: unknown = JSON.parse(stdout);
  assert.partialDeepStrictEqual(info, { 'virtual-size': 127 * 1024 * MIB, format: 'qcow2' });
  assert.ok(!stdout.includes('backing'));
  await assert.rejects(createLayer(path, MIB, { signal, user }), (error) =>
    isGoldsmithError(error, 'Conflict'),
  );
});

test('a layer that cannot be made leaves no file', async (t) => {
  const folder = scratchFolder(t);
  const path = join(folder, 'layer.qcow2');
  for (const sizeBytes of [0, 513, 2 ** 70]) {
    await assert.rejects(createLayer(path, sizeBytes, { signal, user }), /cannot be/);
  }
  await assert.rejects(createLayer(path, 2 ** 53 - 512, { signal, user }), (error) =>
    isGoldsmithError(error, 'CommandFailed'),
  );
  await assert.rejects(createLayer(path, MIB, { signal: AbortSignal.abort(), user }), /cancelled/);
  assert.deepEqual(readdirSync(folder), []);
});

test('a small write takes a subcluster and not a cluster', async (t) => {
  const folder = scratchFolder(t);
  const layers = await addLayer([baseLayer(folder, 64 * MIB)], folder, 64 * MIB);
  const dataBytes = async (): Promise<number> => {
    const extents = await dataExtents(join(folder, 'layer1.qcow2'), { signal }); // room that was only reserved is none
    return extents.reduce((sum, { length }) => sum + length, 0);
  };
  const before = await dataBytes();
  await writeThroughChain(
    layers,
    Array.from({ length: 100 }, (_, index) => `write ${index * 512}k 4k`),
  );
  const taken = (await dataBytes()) - before;
  assert.ok(taken < 2 * MIB, `${taken}`);
});

test('layers below the top one stay as they are, and a machine takes the chain', async (t) => {
  const { layers, sizeBytes } = await smallChain(t);
  const lower = layers.slice(0, -1).map(({ path }) => ({ path, bytes: readFileSync(path) }));
  await writeThroughChain(layers, ['write -P 7 0 1M', 'discard 4M 2M', `write -P 8 ${sizeBytes - 512} 512`]);
  for (const { path, bytes } of lower) assert.ok(readFileSync(path).equals(bytes));
  const cache = { direct: false, 'no-flush': true };
  const top = { 'node-name': 'os', discard: 'unmap', 'detect-zeroes': 'unmap', cache };
  const node = chainNode(layers, { node: top, file: { discard: 'unmap', cache } });
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
  const argv = [...machine, '-blockdev', JSON.stringify(node)];
  const { stdout } = await runCommand(argv, { input: 'info block -n os\nquit\n' });
  assert.match(stdout, /Backing file:/);
});

test('random writes and discards over several growing layers flatten to what QEMU reads', async (t) => {
  for (const seed of ['a', 'b', 'c']) {
    const folder = scratchFolder(t);
    let sizeBytes = 21 * MIB + 512;
    let layers: DiskLayer[] = [baseLayer(folder, sizeBytes)];
    for (let index = 0; index < 4; index += 1) {
      sizeBytes += index === 0 ? 0 : 3 * MIB + 512;
      layers = await addLayer(layers, folder, sizeBytes);
      const noise = join(folder, 'noise');
      writeNoise(noise, `${seed}${index}`);
      const alignment = index % 2 === 0 ? 512 : 4096;
      const aligned = sizeBytes - (sizeBytes % alignment);
      const options = { seed: `${seed}${index}`, count: 25, sizeBytes: aligned, noise, alignment };
      await writeThroughChain(layers, randomCommands(options));
    }
    await flattenAsQemu(folder, layers, sizeBytes);
  }
});

test('freed clusters of an upper layer hide the base', async (t) => {
  const folder = scratchFolder(t);
  const base = join(folder, 'base.raw');
  writeFileSync(base, Buffer.alloc(8 * MIB, 'full'));
  const layers = await addLayer([{ path: base, format: 'raw' }], folder, 8 * MIB);
  await writeThroughChain(layers, ['discard 0 8M']);
  assert.ok((await flattenAsQemu(folder, layers, 8 * MIB)).allocatedSizeBytes <= 64 * KIB);
});

test('zeros that were written become holes', async (t) => {
  const folder = scratchFolder(t);
  const path = join(folder, 'base.raw');
  const bytes = Buffer.alloc(8 * MIB);
  bytes.fill('data', 3 * MIB + 8 * KIB, 3 * MIB + 16 * KIB);
  writeFileSync(path, bytes);
  const flat = await flattenAsQemu(folder, [{ path, format: 'raw' }], 8 * MIB);
  assert.ok(flat.allocatedSizeBytes >= 8 * KIB && flat.allocatedSizeBytes < 256 * KIB);
});

test('a chain of one raw file of any length, and of one qcow2 file, flattens', async (t) => {
  for (const sizeBytes of [1, 511, 4 * MIB, 4 * MIB + 700]) {
    const folder = scratchFolder(t);
    const path = join(folder, 'base.raw');
    writeFileSync(path, Buffer.alloc(sizeBytes, 'odd length'));
    await flattenAsQemu(folder, [{ path, format: 'raw' }], sizeBytes);
  }
  const folder = scratchFolder(t);
  const layers = await addLayer([], folder, 6 * MIB);
  await flattenAsQemu(folder, layers, 6 * MIB);
  await writeThroughChain(layers, ['write -P 9 1M 70000b']);
  await flattenAsQemu(folder, layers, 6 * MIB);
});

test('thirty layers flatten', async (t) => {
  const folder = scratchFolder(t);
  const sizeBytes = 16 * MIB;
  let layers: DiskLayer[] = [baseLayer(folder, sizeBytes)];
  for (let index = 1; index <= 30; index += 1) {
    layers = await addLayer(layers, folder, sizeBytes);
    await writeThroughChain(layers, [
      `write -P ${index} ${index * 300}k 400k`,
      `discard ${index * 320}k 128k`,
    ]);
  }
  await flattenAsQemu(folder, layers, sizeBytes);
});

test('progress ends at the amount of data', async (t) => {
  const { folder, layers, sizeBytes } = await smallChain(t);
  const seen: (readonly [number, number])[] = [];
  const onProgress = (done: number, total: number): void => void seen.push([done, total]);
  await flattenChain({ layers, to: join(folder, 'flat'), sizeBytes, user, signal, onProgress });
  const [done, total] = seen.at(-1) ?? [0, -1];
  assert.equal(done, total);
  assert.ok(total >= 10 * MIB && total < 16 * MIB);
});

test('a cancelled or failed flattening leaves no file, and an older one as it was', async (t) => {
  const { folder, layers, sizeBytes } = await smallChain(t);
  const to = join(folder, 'flat');
  writeFileSync(to, 'old');
  const before = readdirSync(folder);
  const stop = new AbortController();
  const onProgress = (): void => stop.abort();
  await assert.rejects(
    flattenChain({ layers, to, sizeBytes, user, signal: stop.signal, onProgress }),
    (error) => isGoldsmithError(error, 'Cancelled'),
  );
  await assert.rejects(flattenChain({ layers, to, sizeBytes: sizeBytes + MIB, user, signal }), /bytes long/);
  await assert.rejects(flattenChain({ layers: [], to, sizeBytes, user, signal }), /empty/);
  const base = layers[0]?.path ?? '';
  const cut = (): void => truncateSync(base, sizeBytes / 2);
  await assert.rejects(flattenChain({ layers, to, sizeBytes, user, signal, onProgress: cut }), /shorter/);
  assert.deepEqual(readdirSync(folder), before);
  assert.equal(readFileSync(to, 'utf8'), 'old');
});

test('a layer that names other files, or whose bytes are compressed, is refused', async (t) => {
  const folder = scratchFolder(t);
  const base = baseLayer(folder, 8 * MIB);
  const to = join(folder, 'flat');
  const path = join(folder, 'top.qcow2');
  const layers: DiskLayer[] = [base, { path, format: 'qcow2' }];
  const external = `data_file=${join(folder, 'data')}`;
  for (const argv of [
    ['create', '-f', 'qcow2', '-b', base.path, '-F', 'raw', path],
    ['create', '-f', 'qcow2', '-o', external, path, '8M'],
    ['convert', '-c', '-O', 'qcow2', base.path, path],
  ]) {
    await runCommand(['qemu-img', ...argv]);
    await assert.rejects(flattenChain({ layers, to, sizeBytes: 8 * MIB, user, signal }), (error) =>
      isGoldsmithError(error, 'ImageRefused'),
    );
  }
  assert.ok(!readdirSync(folder).some((name) => name.includes('flat')));
});
