import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../host/command.ts';
import { MIB } from '../model/sizes.ts';
import { allocatedSizeBytes } from './allocated-size.ts';
import { appendVhdFooter, writeVhd } from './raw-to-vhd.ts';
import { writePatternedDisk } from './testing/patterned-disk.ts';
import { scratchFolder } from './testing/scratch-folder.ts';

const identity = { createdAtMs: Date.UTC(2025, 5, 1), uniqueId: '01234567-89ab-cdef-0123-456789abcdef' };
const signal = new AbortController().signal;

test('QEMU reads our VHD with exactly the size we wrote', async (t) => {
  const folder = scratchFolder(t);
  const raw = join(folder, 'disk.raw');
  for (const size of [1, 7, 513, 2048, 30_720]) {
    writeFileSync(raw, '');
    await runCommand(['truncate', '-s', `${size}M`, raw]);
    await writeVhd(raw, size * MIB, join(folder, 'disk.vhd'), { ...identity, signal });
    const { stdout } = await runCommand([
      'qemu-img',
      'info',
      '-f',
      'vpc',
      '--output=json',
      join(folder, 'disk.vhd'),
    ]);
    assert.equal(JSON.parse(stdout)['virtual-size'], size * MIB);
  }
});

test('QEMU refuses our VHD when one bit of the footer changed', async (t) => {
  const path = join(scratchFolder(t), 'disk.vhd');
  writePatternedDisk(path, MIB);
  await appendVhdFooter(path, identity);
  const bytes = readFileSync(path);
  bytes[MIB + 51] = (bytes[MIB + 51] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  await assert.rejects(runCommand(['qemu-img', 'info', '-f', 'vpc', path]), /checksum/);
});

test('the raw disk is untouched, the VHD is as sparse, and the same inputs give the same bytes', async (t) => {
  const folder = scratchFolder(t);
  const raw = join(folder, 'disk.raw');
  writePatternedDisk(raw, 64 * MIB);
  for (const name of ['a.vhd', 'b.vhd']) {
    await writeVhd(raw, 64 * MIB, join(folder, name), { ...identity, signal });
  }
  const vhd = readFileSync(join(folder, 'a.vhd'));
  assert.ok(vhd.subarray(0, 64 * MIB).equals(readFileSync(raw)));
  assert.ok(vhd.equals(readFileSync(join(folder, 'b.vhd'))));
  assert.equal(statSync(raw).size, 64 * MIB);
  assert.ok((await allocatedSizeBytes(join(folder, 'a.vhd'))) < 2 * MIB);
});

test('a disk that is not whole MiB, or not as long as said, becomes no VHD and leaves nothing behind', async (t) => {
  const folder = scratchFolder(t);
  const raw = join(folder, 'disk.raw');
  writePatternedDisk(raw, MIB + 512);
  const dest = join(folder, 'disk.vhd');
  await assert.rejects(writeVhd(raw, MIB + 512, dest, { ...identity, signal }), /whole number of MiB/);
  await assert.rejects(writeVhd(raw, MIB, dest, { ...identity, signal }), /bytes long/);
  await assert.rejects(appendVhdFooter(raw, identity), /whole number of MiB/);
  await assert.rejects(writeVhd(raw, MIB, dest, { ...identity, signal: AbortSignal.abort() }), /cancelled/);
  assert.deepEqual(readdirSync(folder), ['disk.raw']);
  assert.equal(statSync(raw).size, MIB + 512);
});
