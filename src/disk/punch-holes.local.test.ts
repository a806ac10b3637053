import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isGoldsmithError } from '../model/errors.ts';
import { MIB } from '../model/sizes.ts';
import { allocatedSizeBytes } from './allocated-size.ts';
import { dataExtents } from './extents.ts';
import { punchHoles } from './punch-holes.ts';
import { scratchFolder } from './testing/scratch-folder.ts';

const { signal } = new AbortController();

test('blocks become holes and the others stay as they are, whatever the name of the file', async (t) => {
  for (const name of ['disk.raw', 'nbd:a, b=c "d"']) {
    const path = join(scratchFolder(t), name);
    const bytes = randomBytes(8 * MIB);
    writeFileSync(path, bytes);
    const before = await allocatedSizeBytes(path);
    assert.equal(await punchHoles(path, [], { signal }), true);
    assert.equal(await punchHoles(path, [1, 2, 4, 7], { signal }), true);
    for (const block of [1, 2, 4, 7]) bytes.fill(0, block * MIB, (block + 1) * MIB);
    assert.ok(readFileSync(path).equals(bytes));
    assert.ok((await allocatedSizeBytes(path)) <= before - 4 * MIB + 16 * 1024);
    assert.deepEqual(await dataExtents(path, { signal }), [
      { start: 0, length: MIB },
      { start: 3 * MIB, length: MIB },
      { start: 5 * MIB, length: 2 * MIB },
    ]);
  }
});

test('holes that cannot be made are told, and a cancellation is one', async (t) => {
  const folder = scratchFolder(t);
  const path = join(folder, 'disk.raw');
  writeFileSync(path, randomBytes(2 * MIB));
  assert.equal(await punchHoles(path, [0, 5], { signal }), false);
  assert.equal(await punchHoles(join(folder, 'missing'), [0], { signal }), false);
  await assert.rejects(punchHoles(path, [1], { signal: AbortSignal.abort() }), (error) =>
    isGoldsmithError(error, 'Cancelled'),
  );
});
