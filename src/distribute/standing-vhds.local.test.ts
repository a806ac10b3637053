import assert from 'node:assert/strict';
import {
  appendFileSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { digestDisk } from '../disk/disk-digest.ts';
import { writeVhd } from '../disk/raw-to-vhd.ts';
import { scratchFolder } from '../disk/testing/scratch-folder.ts';
import { makeFixedVhdFooter } from '../disk/vhd-footer.ts';
import { isGoldsmithError } from '../model/errors.ts';
import type { Target, VhdTarget } from '../model/image-template.ts';
import { MIB } from '../model/sizes.ts';
import { standingVhds, type StandingQuestion } from './standing-vhds.ts';
import { vhdIdOf } from './targets/vhd/vhd-id.ts';

const signal = AbortSignal.timeout(60_000);
const sizeBytes = 3 * MIB;
const target: VhdTarget = {
  type: 'VHD',
  runOutputName: 'disk',
  uri: undefined,
  artifactTags: { team: 'web' },
};
const other: VhdTarget = { ...target, runOutputName: 'other', uri: 'more/copy.vhd' };
const createdAtMs = 1_700_000_000_000;

/** An output folder where a disk stands as `disk.vhd`. */
async function standing(t: TestContext): Promise<StandingQuestion & { readonly path: string }> {
  const outputFolder = scratchFolder(t);
  const raw = join(outputFolder, 'raw');
  writeFileSync(raw, Buffer.alloc(sizeBytes, 'data'));
  const path = join(outputFolder, 'disk.vhd');
  const digest = await digestDisk(raw, { sizeBytes, signal });
  await writeVhd(raw, sizeBytes, path, { createdAtMs, uniqueId: vhdIdOf(digest), signal });
  return { targets: [target], outputFolder, disk: { virtualSizeBytes: sizeBytes, digest }, signal, path };
}

test('a VHD in its place is a result with the digest and the tags that are wanted now', async (t) => {
  const { path, ...question } = await standing(t);
  const [result, ...more] = (await standingVhds(question)) ?? [];
  assert.deepEqual(more, []);
  assert.deepEqual(
    { ...result?.artifact, allocatedSizeBytes: 0 },
    {
      ...{ runOutputName: 'disk', kind: 'VHD', path, format: 'vhd', tags: { team: 'web' } },
      ...{ ...question.disk, allocatedSizeBytes: 0 },
    },
  );
});

const damages: Readonly<Record<string, (path: string) => void>> = {
  'is gone': (path) => rmSync(path),
  'is a link': (path) => {
    renameSync(path, `${path}.real`);
    symlinkSync(`${path}.real`, path);
  },
  'has lost its footer': (path) => truncateSync(path, sizeBytes),
  'is longer': (path) => appendFileSync(path, 'x'),
  'has another byte in its disk': (path) => {
    const bytes = readFileSync(path);
    bytes[MIB + 1] = 0;
    writeFileSync(path, bytes);
  },
  'has another byte in its footer': (path) => {
    const bytes = readFileSync(path);
    bytes[sizeBytes + 30] = 7;
    writeFileSync(path, bytes);
  },
  'is said to be of another image': (path) => {
    truncateSync(path, sizeBytes);
    appendFileSync(path, makeFixedVhdFooter({ sizeBytes, createdAtMs, uniqueId: vhdIdOf('another') }));
  },
  'is empty': (path) => truncateSync(path, 0),
};
for (const [name, damage] of Object.entries(damages)) {
  test(`a VHD that ${name} does not stand`, async (t) => {
    const { path, ...question } = await standing(t);
    damage(path);
    assert.equal(await standingVhds(question), undefined);
  });
}

test('all targets stand, each in a place of its own, or none does', async (t) => {
  const { path, outputFolder, ...question } = await standing(t);
  const ask = async (...targets: readonly Target[]) => standingVhds({ ...question, outputFolder, targets });
  assert.equal(await ask(target, other), undefined, 'one is missing');
  const copy = { ...other, uri: 'copy.vhd' };
  writeFileSync(join(outputFolder, 'copy.vhd'), readFileSync(path));
  assert.deepEqual(
    (await ask(target, copy))?.map(({ artifact }) => artifact.runOutputName),
    ['disk', 'other'],
  );
  assert.equal(await ask(target, { ...other, uri: 'disk.vhd' }), undefined, 'two in one place');
  assert.equal(
    await ask(target, { ...other, uri: 'ftp://nowhere/x.vhd' }),
    undefined,
    'a place that is none',
  );
  const image = { type: 'ManagedImage', runOutputName: 'image', imageId: '/x', location: 'westus2' } as const;
  assert.equal(await ask(target, { ...image, artifactTags: {} }), undefined, 'an image is made anew');
});

test('looking can be cancelled', async (t) => {
  const { path: _, ...question } = await standing(t);
  await assert.rejects(standingVhds({ ...question, signal: AbortSignal.abort() }), (error) =>
    isGoldsmithError(error, 'Cancelled'),
  );
});
