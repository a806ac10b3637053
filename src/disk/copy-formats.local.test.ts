import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../host/command.ts';
import { isGoldsmithError } from '../model/errors.ts';
import { MIB } from '../model/sizes.ts';
import { parseProgress, writeCopy } from './copy-formats.ts';
import { writePatternedDisk } from './testing/patterned-disk.ts';
import { scratchFolder } from './testing/scratch-folder.ts';

const identity = { createdAtMs: 0, uniqueId: '01234567-89ab-cdef-0123-456789abcdef' };
const signal = new AbortController().signal;
const sizeBytes = 96 * MIB;

test('every format holds the same disk', async (t) => {
  const folder = scratchFolder(t);
  const rawPath = join(folder, 'disk.raw');
  writePatternedDisk(rawPath, sizeBytes);
  for (const format of ['raw', 'vhd', 'qcow2', 'vhdx', 'vmdk'] as const) {
    for (const compress of [false, true]) {
      const dest = join(folder, `copy.${format}`);
      await writeCopy({ rawPath, sizeBytes, format, dest, identity, compress, signal });
      const driver = format === 'vhd' ? 'vpc' : format;
      const comparison = await runCommand(['qemu-img', 'compare', '-f', 'raw', '-F', driver, rawPath, dest]);
      assert.equal(comparison.stdout, 'Images are identical.\n'); // and of one size: else it says so
      assert.ok(statSync(dest).blocks * 512 < 32 * MIB, format);
    }
  }
  assert.equal(readdirSync(folder).length, 6);
});

test('progress of a conversion rises to the size of the disk', async (t) => {
  const folder = scratchFolder(t);
  const rawPath = join(folder, 'disk.raw');
  writePatternedDisk(rawPath, sizeBytes);
  const seen: number[] = [];
  const onProgress = (done: number): void => void seen.push(done);
  const dest = join(folder, 'disk.qcow2');
  await writeCopy({ rawPath, sizeBytes, format: 'qcow2', dest, identity, signal, onProgress });
  assert.equal(seen.at(-1), sizeBytes);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
});

test('a cancelled or failed copy leaves nothing behind', async (t) => {
  const folder = scratchFolder(t);
  const rawPath = join(folder, 'disk.raw');
  const dest = join(folder, 'copy');
  for (const format of ['raw', 'vhd', 'qcow2', 'vhdx', 'vmdk'] as const) {
    await assert.rejects(writeCopy({ rawPath, sizeBytes, format, dest, identity, signal }), (error) =>
      isGoldsmithError(error, 'CommandFailed'),
    );
  }
  writePatternedDisk(rawPath, sizeBytes);
  const stop = new AbortController();
  const onProgress = (): void => stop.abort();
  await assert.rejects(
    writeCopy({ rawPath, sizeBytes, format: 'qcow2', dest, identity, signal: stop.signal, onProgress }),
    (error) => isGoldsmithError(error, 'Cancelled'),
  );
  assert.deepEqual(readdirSync(folder), ['disk.raw']);
});

test('the last number of a piece of progress output counts', () => {
  assert.equal(parseProgress('    (0.00/100%)\r    (12.50/100%)\r'), 0.125);
  assert.equal(parseProgress('    (100.00/100%)\r\n'), 1);
  assert.equal(parseProgress('nothing'), undefined);
});
