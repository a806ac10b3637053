import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isGoldsmithError } from '../model/errors.ts';
import { KIB, MIB } from '../model/sizes.ts';
import { allocatedSizeBytes } from './allocated-size.ts';
import { writeNonZero } from './sparse-write.ts';
import { scratchFolder } from './testing/scratch-folder.ts';

test('only what is not zero is written, at its place, up to a last piece of any length', async (t) => {
  const path = join(scratchFolder(t), 'disk.raw');
  const bytes = Buffer.alloc(700 * KIB + 5);
  for (const place of [0, 4 * KIB - 1, 300 * KIB, bytes.length - 1]) bytes[place] = 1;
  writeFileSync(path, '');
  truncateSync(path, 2 * MIB);
  const file = await open(path, 'r+');
  await writeNonZero(file, bytes, MIB);
  await file.close();
  assert.ok(
    readFileSync(path)
      .subarray(MIB, MIB + bytes.length)
      .equals(bytes),
  );
  assert.ok((await allocatedSizeBytes(path)) <= 64 * KIB);
});

test('a full file system is told as a lack of room', async (t) => {
  const file = await open('/dev/full', 'r+');
  t.after(async () => file.close());
  await writeNonZero(file, Buffer.alloc(MIB), 0);
  await assert.rejects(writeNonZero(file, Buffer.alloc(8 * KIB, 1), 0), (error) =>
    isGoldsmithError(error, 'InsufficientResources'),
  );
});
