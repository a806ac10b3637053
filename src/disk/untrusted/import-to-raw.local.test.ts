import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../../host/command.ts';
import { isGoldsmithError } from '../../model/errors.ts';
import { MIB } from '../../model/sizes.ts';
import { allocatedSizeBytes } from '../allocated-size.ts';
import { writeCopy } from '../copy-formats.ts';
import { patternBytes, writePatternedDisk } from '../testing/patterned-disk.ts';
import { scratchFolder } from '../testing/scratch-folder.ts';
import { importToRaw } from './import-to-raw.ts';
import { inspectUpload } from './inspect-upload.ts';

const signal = new AbortController().signal;
const sizeBytes = 40 * MIB;

const accepted: readonly {
  readonly name: string;
  readonly format: string;
  readonly argv: readonly string[];
}[] = [
  { name: 'qcow2', format: 'qcow2', argv: ['-O', 'qcow2'] },
  { name: 'qcow2 version 2', format: 'qcow2', argv: ['-O', 'qcow2', '-o', 'compat=0.10'] },
  { name: 'qcow2 with zlib', format: 'qcow2', argv: ['-c', '-O', 'qcow2'] },
  { name: 'qcow2 with zstd', format: 'qcow2', argv: ['-c', '-O', 'qcow2', '-o', 'compression_type=zstd'] },
  {
    name: 'qcow2 with subclusters',
    format: 'qcow2',
    argv: ['-O', 'qcow2', '-o', 'extended_l2=on,cluster_size=2M'],
  },
  { name: 'dynamic VHDX', format: 'vhdx', argv: ['-O', 'vhdx', '-o', 'subformat=dynamic'] },
  { name: 'fixed VHDX', format: 'vhdx', argv: ['-O', 'vhdx', '-o', 'subformat=fixed'] },
  { name: 'sparse VMDK', format: 'vmdk', argv: ['-O', 'vmdk', '-o', 'subformat=monolithicSparse'] },
  { name: 'stream-optimized VMDK', format: 'vmdk', argv: ['-O', 'vmdk', '-o', 'subformat=streamOptimized'] },
  { name: 'dynamic VHD', format: 'vhd', argv: ['-O', 'vpc', '-o', 'subformat=dynamic,force_size=on'] },
  { name: 'fixed VHD', format: 'vhd', argv: ['-O', 'vpc', '-o', 'subformat=fixed,force_size=on'] },
  { name: 'raw', format: 'raw', argv: ['-O', 'raw'] },
];

for (const { name, format, argv } of accepted) {
  test(`a ${name} image gives back the bytes that went in, sparse`, async (t) => {
    const folder = scratchFolder(t);
    const [raw, image, dest] = [
      join(folder, 'disk.raw'),
      join(folder, 'image'),
      join(folder, 'imported.raw'),
    ];
    writePatternedDisk(raw, sizeBytes);
    await runCommand(['qemu-img', 'convert', '-f', 'raw', ...argv, raw, image]);
    assert.deepEqual(await inspectUpload(image, { signal }), { format, virtualSizeBytes: sizeBytes });
    const imported = await importToRaw(image, dest, { signal });
    assert.deepEqual(imported, { format, virtualSizeBytes: sizeBytes, sizeBytes });
    assert.ok(readFileSync(dest).equals(readFileSync(raw)));
    assert.ok((await allocatedSizeBytes(dest)) < 4 * MIB);
    assert.deepEqual(readdirSync(folder).toSorted(), ['disk.raw', 'image', 'imported.raw']);
    assert.equal(statSync(dest).mode & 0o777, 0o640);
    assert.equal(statSync(dest).uid, process.getuid?.());
  });
}

test('every copy that we write ourselves can be imported again', async (t) => {
  const folder = scratchFolder(t);
  const rawPath = join(folder, 'disk.raw');
  writePatternedDisk(rawPath, sizeBytes);
  const identity = { createdAtMs: 0, uniqueId: '01234567-89ab-cdef-0123-456789abcdef' };
  for (const format of ['raw', 'vhd', 'qcow2', 'vhdx', 'vmdk'] as const) {
    const [copy, dest] = [join(folder, `copy.${format}`), join(folder, `again.${format}`)];
    await writeCopy({ rawPath, sizeBytes, format, dest: copy, identity, signal });
    assert.equal((await importToRaw(copy, dest, { signal })).format, format);
    assert.ok(readFileSync(dest).equals(readFileSync(rawPath)), format);
  }
});

test('a size that is not whole MiB is rounded up with zeros', async (t) => {
  const folder = scratchFolder(t);
  const content = patternBytes(3 * MIB + 1536, 'odd');
  const raw = join(folder, 'disk.raw');
  writeFileSync(raw, content);
  await runCommand(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw, join(folder, 'disk.qcow2')]);
  for (const name of ['disk.raw', 'disk.qcow2']) {
    const dest = join(folder, `${name}.imported`);
    const imported = await importToRaw(join(folder, name), dest, { signal });
    assert.equal(imported.virtualSizeBytes, content.length);
    assert.equal(imported.sizeBytes, 4 * MIB);
    assert.ok(readFileSync(dest).equals(Buffer.concat([content, Buffer.alloc(MIB - 1536)])));
  }
});

test('written zeros in a dense raw upload become holes', async (t) => {
  const folder = scratchFolder(t);
  const [raw, dest] = [join(folder, 'dense.raw'), join(folder, 'imported.raw')];
  writeFileSync(raw, Buffer.concat([patternBytes(MIB, 'data'), Buffer.alloc(31 * MIB)]));
  assert.ok((await allocatedSizeBytes(raw)) >= 32 * MIB);
  await importToRaw(raw, dest, { signal });
  assert.ok(readFileSync(dest).equals(readFileSync(raw)));
  assert.ok((await allocatedSizeBytes(dest)) < 2 * MIB);
});

test('an upload that only its owner can read, in a folder that only they can enter, is imported', async (t) => {
  const folder = join(scratchFolder(t), 'private');
  mkdirSync(folder, { mode: 0o700 });
  const [raw, dest] = [join(folder, 'disk.raw'), join(folder, 'imported.raw')];
  writePatternedDisk(raw, sizeBytes);
  for (const format of ['qcow2', 'vmdk', 'vhdx']) {
    const image = join(folder, `image.${format}`);
    await runCommand(['qemu-img', 'convert', '-f', 'raw', '-O', format, raw, image]);
    chmodSync(image, 0o400);
    await importToRaw(image, dest, { signal });
    assert.ok(readFileSync(dest).equals(readFileSync(raw)));
  }
});

test('progress rises to the size of the disk', async (t) => {
  const folder = scratchFolder(t);
  const [raw, image] = [join(folder, 'disk.raw'), join(folder, 'image')];
  writePatternedDisk(raw, sizeBytes);
  await runCommand(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw, image]);
  const seen: number[] = [];
  const onProgress = (done: number): void => void seen.push(done);
  await importToRaw(image, join(folder, 'imported.raw'), { signal, onProgress });
  assert.equal(seen.at(-1), sizeBytes);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
});

test('a cancelled import and one that is out of time leave nothing behind', async (t) => {
  const folder = scratchFolder(t);
  const [raw, image, dest] = [join(folder, 'disk.raw'), join(folder, 'image'), join(folder, 'imported.raw')];
  writePatternedDisk(raw, sizeBytes);
  await runCommand(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw, image]);
  const stop = new AbortController();
  const onProgress = (): void => stop.abort();
  await assert.rejects(importToRaw(image, dest, { signal: stop.signal, onProgress }), (error) =>
    isGoldsmithError(error, 'Cancelled'),
  );
  await assert.rejects(importToRaw(image, dest, { signal: AbortSignal.abort() }), (error) =>
    isGoldsmithError(error, 'Cancelled'),
  );
  await assert.rejects(importToRaw(image, dest, { signal, timeoutMs: 1 }), /did not finish within/);
  assert.deepEqual(readdirSync(folder).toSorted(), ['disk.raw', 'image']);
});
