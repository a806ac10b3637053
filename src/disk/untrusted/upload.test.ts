import assert from 'node:assert/strict';
import { appendFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { scratchFolder } from '../testing/scratch-folder.ts';
import { openUpload } from './upload.ts';

test('what was inspected stays as it was, even when the file is changed, grown or replaced', async (t) => {
  const path = join(scratchFolder(t), 'image');
  writeFileSync(path, 'HEAD----body----TAIL');
  await using upload = await openUpload(path);
  assert.equal((await upload.inspect(0, 4)).toString(), 'HEAD');
  writeFileSync(path, 'head++++BODY++++tail');
  assert.equal((await upload.inspect(2, 6)).toString(), 'AD++++');
  assert.equal((await upload.read(0, 20)).toString(), 'HEAD++++BODY++++tail');
  writeFileSync(path, '0123456789abcdefghij');
  assert.equal((await upload.read(0, 20)).toString(), 'HEAD++++89abcdefghij');
  assert.equal((await upload.read(3, 3)).toString(), 'D++');
  appendFileSync(path, 'more');
  assert.equal((await upload.read(16, 100)).toString(), 'ghij');
  writeFileSync(`${path}.other`, 'another file altogether');
  renameSync(`${path}.other`, path);
  assert.equal((await upload.read(8, 4)).toString(), '89ab');
});

test('a file that becomes shorter is refused', async (t) => {
  const path = join(scratchFolder(t), 'image');
  writeFileSync(path, 'HEAD----body----TAIL');
  await using upload = await openUpload(path);
  truncateSync(path, 6);
  await assert.rejects(upload.read(0, 20), /became shorter/);
});

test('headers cannot make us keep any amount of memory', async (t) => {
  const path = join(scratchFolder(t), 'image');
  writeFileSync(path, 'x');
  await using upload = await openUpload(path);
  await assert.rejects(upload.inspect(0, 2 ** 30), /absurdly large/);
});
