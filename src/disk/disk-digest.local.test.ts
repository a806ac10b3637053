import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../host/command.ts';
import { isGoldsmithError } from '../model/errors.ts';
import { MIB } from '../model/sizes.ts';
import { allocatedSizeBytes } from './allocated-size.ts';
import { digestDisk } from './disk-digest.ts';
import { appendVhdFooter } from './raw-to-vhd.ts';
import { writePatternedDisk } from './testing/patterned-disk.ts';
import { scratchFolder } from './testing/scratch-folder.ts';

const signal = new AbortController().signal;

/** The definition, word for word, over all bytes. */
function plainDigest(bytes: Buffer): string {
  const root = createHash('sha256');
  for (let start = 0; start < bytes.length; start += MIB) {
    root.update(
      createHash('sha256')
        .update(bytes.subarray(start, start + MIB))
        .digest(),
    );
  }
  return `gs1-sha256:${root.digest('hex')}`;
}

test('the digest is the one that the definition gives, for whole and partial last blocks', async (t) => {
  const folder = scratchFolder(t);
  for (const sizeBytes of [33 * MIB, 5 * MIB + 512, 3 * MIB - 1]) {
    const path = join(folder, `${sizeBytes}.raw`);
    writePatternedDisk(path, sizeBytes);
    assert.equal(await digestDisk(path, { sizeBytes, signal }), plainDigest(readFileSync(path)));
  }
});

test('disks of nothing but a hole have their digest too', async (t) => {
  const path = join(scratchFolder(t), 'hole.raw');
  for (const sizeBytes of [0, 1, 512, MIB, 3 * MIB + 7]) {
    writeFileSync(path, '');
    truncateSync(path, sizeBytes);
    assert.equal(await digestDisk(path, { sizeBytes, signal }), plainDigest(Buffer.alloc(sizeBytes)));
  }
});

test('the digest stays the same for ever', async (t) => {
  const path = join(scratchFolder(t), 'fixed.raw');
  writeFileSync(path, Buffer.alloc(2 * MIB + 3, 'goldsmith'));
  const digest = await digestDisk(path, { sizeBytes: 2 * MIB + 3, signal });
  assert.equal(digest, 'gs1-sha256:41d0ff44f8fccdb2ca71c6efad63761a32c8c9d7e6f760a001d2bc6883ed40ed');
});

test('the digest does not depend on how the file is allocated', async (t) => {
  const folder = scratchFolder(t);
  const [sparse, dense] = [join(folder, 'sparse.raw'), join(folder, 'dense.raw')];
  writePatternedDisk(sparse, 48 * MIB);
  await runCommand(['cp', '--sparse=never', '--reflink=never', sparse, dense]);
  assert.ok((await allocatedSizeBytes(sparse)) < 2 * MIB);
  assert.ok((await allocatedSizeBytes(dense)) >= 48 * MIB);
  const options = { sizeBytes: 48 * MIB, signal };
  assert.equal(await digestDisk(sparse, options), await digestDisk(dense, options));
});

test('a VHD has the digest of its disk', async (t) => {
  const path = join(scratchFolder(t), 'disk');
  const options = { sizeBytes: 6 * MIB, signal };
  writePatternedDisk(path, 6 * MIB);
  const raw = await digestDisk(path, options);
  await appendVhdFooter(path, { createdAtMs: 0, uniqueId: '01234567-89ab-cdef-0123-456789abcdef' });
  assert.equal(await digestDisk(path, options), raw);
});

test('one changed bit, also in a former hole, changes the digest', async (t) => {
  const path = join(scratchFolder(t), 'disk.raw');
  const options = { sizeBytes: 16 * MIB, signal };
  writePatternedDisk(path, 16 * MIB);
  const seen = new Set([await digestDisk(path, options)]);
  for (const offset of [0, 5 * MIB, 16 * MIB - 1]) {
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.from([0x5a]), 0, 1, offset);
    closeSync(file);
    seen.add(await digestDisk(path, options));
  }
  assert.equal(seen.size, 4);
});

test('progress ends at the amount of data, not at the size of the disk', async (t) => {
  const path = join(scratchFolder(t), 'disk.raw');
  writePatternedDisk(path, 64 * MIB);
  const seen: (readonly [number, number])[] = [];
  await digestDisk(path, {
    sizeBytes: 64 * MIB,
    signal,
    onProgress: (done, total) => seen.push([done, total]),
  });
  const [done, total] = seen.at(-1) ?? [0, -1];
  assert.equal(done, total);
  assert.ok(total < 8 * MIB);
});

test('a disk shorter than said, and a cancelled digest, fail', async (t) => {
  const path = join(scratchFolder(t), 'disk.raw');
  writePatternedDisk(path, 8 * MIB);
  await assert.rejects(digestDisk(path, { sizeBytes: 9 * MIB, signal }), /shorter/);
  const stop = new AbortController();
  const onProgress = (): void => stop.abort();
  await assert.rejects(digestDisk(path, { sizeBytes: 8 * MIB, signal: stop.signal, onProgress }), (error) =>
    isGoldsmithError(error, 'Cancelled'),
  );
});
