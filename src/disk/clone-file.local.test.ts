import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../host/command.ts';
import { isGoldsmithError } from '../model/errors.ts';
import { MIB } from '../model/sizes.ts';
import { allocatedSizeBytes } from './allocated-size.ts';
import { cloneFile } from './clone-file.ts';
import { availableBytes, requireSpace } from './disk-space.ts';
import { dataExtents } from './extents.ts';
import { growDisk } from './grow-disk.ts';
import { publishFile } from './publish-file.ts';
import { writePatternedDisk } from './testing/patterned-disk.ts';
import { scratchFolder } from './testing/scratch-folder.ts';

const signal = new AbortController().signal;

test('a clone has the same bytes and stays sparse, even from a read-only original', async (t) => {
  const folder = scratchFolder(t);
  const from = join(folder, 'base.raw');
  const to = join(folder, 'clone.raw');
  writePatternedDisk(from, 256 * MIB);
  chmodSync(from, 0o444);
  await cloneFile(from, to, { signal });
  assert.ok(readFileSync(to).equals(readFileSync(from)));
  assert.ok((await allocatedSizeBytes(to)) <= (await allocatedSizeBytes(from)) + 64 * 1024);
  assert.ok((statSync(to).mode & 0o200) !== 0);
});

test('a clone that fails or is cancelled leaves nothing behind', async (t) => {
  const folder = scratchFolder(t);
  const from = join(folder, 'base.raw');
  await assert.rejects(cloneFile(from, join(folder, 'clone.raw'), { signal }), (error) =>
    isGoldsmithError(error, 'CommandFailed'),
  );
  writePatternedDisk(from, 4 * MIB);
  await assert.rejects(cloneFile(from, join(folder, 'clone.raw'), { signal: AbortSignal.abort() }), (error) =>
    isGoldsmithError(error, 'Cancelled'),
  );
  assert.deepEqual(readdirSync(folder), ['base.raw']);
});

test('a clone for which there is no room says so by the name of the folder, and leaves nothing', async (t) => {
  const folder = scratchFolder(t);
  const from = join(folder, 'base.raw');
  writeFileSync(from, Buffer.alloc(4 * MIB, 'data'));
  const small = join(folder, 'small');
  mkdirSync(small);
  const mount = ['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', small];
  const { exitCode } = await runCommand(mount, { okExitCodes: [0, 1, 32] });
  if (exitCode !== 0) return t.skip('small file systems cannot be mounted here');
  try {
    await assert.rejects(
      cloneFile(from, join(small, 'clone.raw'), { signal }),
      (error) => isGoldsmithError(error, 'InsufficientResources') && error.message.endsWith(small),
    );
    assert.deepEqual(readdirSync(small), []);
  } finally {
    await runCommand(['umount', small]);
  }
});

test('publishing replaces the file only when the new one is whole', async (t) => {
  const folder = scratchFolder(t);
  const dest = join(folder, 'image');
  writeFileSync(dest, 'old');
  const half = async (staging: string): Promise<void> => {
    writeFileSync(staging, 'half');
    throw new Error('disk on fire');
  };
  await assert.rejects(publishFile(dest, half, { signal }), /disk on fire/);
  assert.equal(readFileSync(dest, 'utf8'), 'old');
  const stop = new AbortController();
  const tooLate = async (staging: string): Promise<void> => {
    writeFileSync(staging, 'new');
    stop.abort();
  };
  await assert.rejects(publishFile(dest, tooLate, { signal: stop.signal }), /cancelled/);
  assert.equal(readFileSync(dest, 'utf8'), 'old');
  await publishFile(dest, async (staging) => writeFileSync(staging, 'new'), { signal });
  assert.equal(readFileSync(dest, 'utf8'), 'new');
  assert.deepEqual(readdirSync(folder), ['image']);
});

test('extents cover the data and skip the holes, whatever the file is called', async (t) => {
  const folder = scratchFolder(t);
  for (const name of ['disk.raw', 'json:x', 'nbd:127.0.0.1:9', 'a,b="c".raw']) {
    const path = join(folder, name);
    writePatternedDisk(path, 64 * MIB);
    const extents = await dataExtents(path, { signal });
    const total = extents.reduce((sum, extent) => sum + extent.length, 0);
    assert.equal(extents[0]?.start, 0);
    assert.ok(
      extents.some(({ start, length }) => start <= 32 * MIB + 1536 && start + length >= 32 * MIB + 301_536),
    );
    assert.ok(total >= 375_000 && total < 2 * MIB, `${total}`);
  }
});

test('a disk grows with a hole and never shrinks', async (t) => {
  const path = join(scratchFolder(t), 'disk.raw');
  writePatternedDisk(path, 4 * MIB);
  const before = readFileSync(path);
  await growDisk(path, 4 * MIB);
  await growDisk(path, 90 * MIB);
  assert.equal(statSync(path).size, 90 * MIB);
  assert.ok(
    readFileSync(path)
      .subarray(0, 4 * MIB)
      .equals(before),
  );
  assert.ok((await allocatedSizeBytes(path)) < 2 * MIB);
  await assert.rejects(growDisk(path, 4 * MIB), /cannot shrink/);
  await assert.rejects(growDisk(path, 91 * MIB + 512), /whole number of MiB/);
  assert.equal(statSync(path).size, 90 * MIB);
});

test('a lack of space is told with both numbers, also for a folder that does not exist yet', async (t) => {
  const path = join(scratchFolder(t), 'not', 'there', 'yet');
  assert.ok((await availableBytes(path)) > 0);
  await requireSpace(path, 1, 'one byte');
  await assert.rejects(requireSpace(path, 2 ** 60, 'the copy of the base image'), (error) => {
    assert.ok(isGoldsmithError(error, 'InsufficientResources'));
    assert.match(error.message, /the copy of the base image: 1048576 TiB needed, [\d.]+ \w+ available/);
    return true;
  });
});
