import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { digestDisk } from '../disk/disk-digest.ts';
import { parseVhdFooter, VHD_FOOTER_BYTES } from '../disk/vhd-footer.ts';
import { openImageStore, type ImageStore } from '../images/store/image-store.ts';
import { makePatternDisk } from '../images/store/testing/pattern-disk.ts';
import type { Target, VhdTarget } from '../model/image-template.ts';
import type { ImageFacts } from '../model/image.ts';
import type { Artifact } from '../model/run.ts';
import { distribute, type DistributeRequest, type TargetResult } from './distribute.ts';

const signal = AbortSignal.timeout(120_000);
const compute = '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute';
const common = { artifactTags: { team: 'web' } };
const vhd: VhdTarget = { ...common, type: 'VHD', runOutputName: 'disk', uri: undefined };
const managed: Target = {
  ...common,
  type: 'ManagedImage',
  runOutputName: 'managed',
  imageId: `${compute}/images/Golden`,
  location: 'westus2',
};
const shared: Target = {
  ...common,
  type: 'SharedImage',
  runOutputName: 'shared',
  imageDefinitionId: `${compute}/galleries/g/images/web`,
  explicitVersion: undefined,
  versioning: { scheme: 'Latest', major: undefined },
  excludeFromLatest: false,
  targetRegions: [
    { name: 'westus2', replicaCount: 2, storageAccountType: 'Standard_ZRS' },
    { name: 'northeurope', replicaCount: 1, storageAccountType: 'Premium_LRS' },
  ],
  replicationMode: 'Shallow',
};

const noOtherFileSystem =
  !existsSync('/dev/shm') || statSync('/dev/shm').dev === statSync(tmpdir()).dev
    ? 'no second file system'
    : false;
let work: string;

before(async () => {
  work = await mkdtemp(join(tmpdir(), 'distribute-'));
});

after(async () => {
  await rm(work, { recursive: true, force: true });
});

test('one disk becomes a VHD, a managed image and a gallery version with the same content', async () => {
  await using room = await newRoom('all');
  const results = await room.run([vhd, managed, shared]);
  const artifacts = results.map(succeeded);
  assert.deepEqual(
    artifacts.map(({ kind, artifactId, digest, tags }) => ({ kind, artifactId, digest, tags })),
    [
      ['VHD', undefined],
      ['ManagedImage', `${compute}/images/Golden`],
      ['SharedImage', `${compute}/galleries/g/images/web/versions/0.0.1`],
    ].map(([kind, artifactId]) => ({ kind, artifactId, digest: room.disk.digest, tags: { team: 'web' } })),
  );
  for (const { path, virtualSizeBytes, digest } of artifacts) {
    assert.equal(await digestDisk(path, { sizeBytes: virtualSizeBytes, signal }), digest);
  }
  assert.equal(readdirSync(join(room.images, 'blobs')).length, 1);
  assert.ok(existsSync(room.disk.path), 'a disk that is not consumed stays');
});

test('a VHD is the disk and a valid footer of the same size', async () => {
  await using room = await newRoom('vhd');
  const [result] = await room.run([vhd]);
  const { path, virtualSizeBytes } = succeeded(result);
  assert.equal(path, join(room.output, 'disk.vhd'));
  const file = await readFile(path);
  assert.equal(file.length, virtualSizeBytes + VHD_FOOTER_BYTES);
  assert.equal(parseVhdFooter(file.subarray(-VHD_FOOTER_BYTES)).currentSizeBytes, virtualSizeBytes);
  assert.ok(file.subarray(0, -VHD_FOOTER_BYTES).equals(await readFile(room.disk.path)));
});

test('the last target takes the file itself when the disk is to be consumed', async () => {
  for (const targets of [
    [managed, vhd],
    [vhd, managed],
    [vhd, shared],
  ]) {
    await using room = await newRoom('consume');
    const { ino } = await stat(room.disk.path);
    const results = await room.run(targets, { consume: true });
    const last = succeeded(results.at(-1));
    assert.equal((await stat(last.path)).ino, ino);
    assert.equal(existsSync(room.disk.path), false);
    for (const { path, digest, virtualSizeBytes } of results.map(succeeded)) {
      assert.equal(await digestDisk(path, { sizeBytes: virtualSizeBytes, signal }), digest);
    }
  }
});

test(
  'a VHD on another file system is copied and the consumed disk goes',
  { skip: noOtherFileSystem },
  async () => {
    await using room = await newRoom('elsewhere');
    const other = await mkdtemp('/dev/shm/distribute-');
    try {
      const [result] = await room.run([vhd], { consume: true, outputFolder: other });
      const { path, digest, virtualSizeBytes } = succeeded(result);
      assert.equal(await digestDisk(path, { sizeBytes: virtualSizeBytes, signal }), digest);
      assert.equal(existsSync(room.disk.path), false);
      assert.deepEqual(readdirSync(other), ['disk.vhd']);
    } finally {
      await rm(other, { recursive: true, force: true });
    }
  },
);

test('a target that fails does not stop the others', async () => {
  await using room = await newRoom('partial');
  const results = await room.run([
    { ...vhd, uri: 'ftp://nowhere/x.vhd' },
    { ...managed, imageId: `${compute}/disks/x` },
    shared,
  ]);
  assert.deepEqual(
    results.map((result) => (result.state === 'failed' ? result.error.code : result.state)),
    ['DistributeFailed', 'DistributeFailed', 'succeeded'],
  );
});

test('two targets cannot write the same file in one run', async () => {
  await using room = await newRoom('collision');
  const results = await room.run([vhd, { ...vhd, runOutputName: 'other', uri: 'disk.vhd' }]);
  assert.deepEqual(
    results.map((result) => (result.state === 'failed' ? result.error.code : result.state)),
    ['succeeded', 'Conflict'],
  );
});

test('a VHD replaces an older VHD and nothing else', async () => {
  await using room = await newRoom('replace');
  succeeded((await room.run([vhd]))[0]);
  succeeded((await room.run([vhd]))[0]);
  const precious = join(room.output, 'precious.vhd');
  await writeFile(precious, 'not a VHD'.repeat(1000));
  await symlink(precious, join(room.output, 'link.vhd'));
  await mkdir(join(room.output, 'folder.vhd'));
  for (const uri of ['precious.vhd', 'link.vhd', 'folder.vhd']) {
    const [result] = await room.run([{ ...vhd, uri }]);
    assert.equal(result?.state === 'failed' && result.error.code, 'Conflict', uri);
  }
  assert.equal(await readFile(precious, 'utf8'), 'not a VHD'.repeat(1000));
});

test('a VHD for a storage account is kept in the output folder with a warning', async () => {
  await using room = await newRoom('blob');
  const [result] = await room.run([{ ...vhd, uri: 'https://acct.blob.core.windows.net/vhds/golden.vhd' }]);
  assert.equal(succeeded(result).path, join(room.output, 'golden.vhd'));
  assert.match((result?.state === 'succeeded' && result.warnings[0]) || '', /was not uploaded/);
});

test('a managed image is replaced by the next run and says where it came from', async () => {
  await using room = await newRoom('rerun');
  await room.run([managed]);
  const next = await makePatternDisk(work, 'second run');
  succeeded((await room.run([managed], { disk: next }))[0]);
  const [image, ...more] = room.store.list();
  assert.deepEqual(more, []);
  assert.equal(image?.digest, next.digest);
  assert.deepEqual(image.tags, { team: 'web' });
  assert.deepEqual(image.origin, {
    templateName: 'web-template',
    runId: 'run-1',
    runOutputName: 'managed',
    source: 'Debian:debian-12:12:latest',
    sourceVersion: '0.20261121.1',
  });
  const [moved] = await room.run([{ ...managed, location: 'northeurope' }]);
  assert.equal(moved?.state === 'failed' && moved.error.code, 'Conflict');
});

test('a gallery version keeps its regions, each complete, and its replication mode', async () => {
  await using room = await newRoom('regions');
  await room.run([shared]);
  const image = room.store.find('g/web');
  assert.ok(image.kind === 'GalleryVersion');
  assert.equal(image.replicationMode, 'Shallow');
  assert.deepEqual(image.targetRegions, [
    {
      name: 'westus2',
      replicaCount: 2,
      storageAccountType: 'Standard_ZRS',
      state: 'Completed',
      progress: 100,
    },
    {
      name: 'northeurope',
      replicaCount: 1,
      storageAccountType: 'Premium_LRS',
      state: 'Completed',
      progress: 100,
    },
  ]);
});

test('explicit and source versions are taken as they are and conflict when they exist', async () => {
  await using room = await newRoom('versions');
  const ids: (string | undefined)[] = [];
  for (const target of [
    { ...shared, explicitVersion: '1.2.3' },
    { ...shared, explicitVersion: '1.2.3' },
    { ...shared, versioning: { scheme: 'Source' } as const },
    { ...shared, versioning: { scheme: 'Source' } as const },
    { ...shared, explicitVersion: '1.2' },
  ]) {
    const [result] = await room.run([target]);
    ids.push(
      result?.state === 'failed' ? result.error.code : succeeded(result).artifactId?.split('/').at(-1),
    );
  }
  assert.deepEqual(ids, ['1.2.3', 'Conflict', '0.20261121.1', 'Conflict', 'DistributeFailed']);
});

test('an image of the wrong generation is refused by an existing definition', async () => {
  await using room = await newRoom('mismatch');
  await room.run([shared]);
  const [result] = await room.run([shared], { disk: { ...room.disk, generation: 'V1' } });
  assert.ok(result?.state === 'failed');
  assert.match(result.error.message, /generation of the definition is V2, of the image V1/);
});

test('copies appear in every format under the template name', async () => {
  await using room = await newRoom('copies');
  const results = await room.run([vhd], { copies: ['raw', 'vhd', 'qcow2', 'vhdx', 'vmdk'], consume: true });
  const magic: Record<string, string> = { qcow2: 'QFI\u00fb', vhdx: 'vhdxfile', vmdk: 'KDMV' };
  for (const { path, format, kind, digest } of results.slice(1).map(succeeded)) {
    assert.equal(path, join(room.output, `web-template.${format}`));
    assert.deepEqual({ kind, digest }, { kind: 'Copy', digest: room.disk.digest });
    const start = (await readFile(path)).subarray(0, 8).toString('latin1');
    assert.ok(start.startsWith(magic[format] ?? ''), `${format} starts with ${start}`);
  }
  assert.equal(results.length, 6);
});

test('cancelling ends the distribution and leaves no half file', async () => {
  await using room = await newRoom('cancel');
  const cancel = new AbortController();
  await assert.rejects(
    room.run([vhd, managed], { signal: cancel.signal, onTargetStarted: () => cancel.abort() }),
    { code: 'Cancelled' },
  );
  assert.deepEqual(readdirSync(room.output), []);
  assert.deepEqual(room.store.list(), []);
});

test('a move that cannot finish puts the raw disk back', async () => {
  await using room = await newRoom('odd');
  {
    await using file = await open(room.disk.path, 'r+');
    await file.truncate(room.disk.virtualSizeBytes - 512); // not whole MiB: there is no such VHD
  }
  const odd = { ...room.disk, virtualSizeBytes: room.disk.virtualSizeBytes - 512 };
  const [result] = await room.run([vhd], { disk: odd, consume: true });
  assert.equal(result?.state, 'failed');
  assert.equal((await stat(odd.path)).size, odd.virtualSizeBytes);
  assert.deepEqual(readdirSync(room.output), []);
});

interface Room extends AsyncDisposable {
  readonly store: ImageStore;
  readonly images: string;
  readonly output: string;
  readonly disk: ImageFacts;
  run(targets: readonly Target[], overrides?: Partial<DistributeRequest>): Promise<readonly TargetResult[]>;
}

async function newRoom(name: string): Promise<Room> {
  const folder = await mkdtemp(join(work, `${name}-`));
  const images = join(folder, 'images');
  const output = join(folder, 'output');
  await mkdir(output);
  const store = openImageStore({ images });
  const disk = await makePatternDisk(folder, name);
  return {
    store,
    images,
    output,
    disk,
    run: async (targets, overrides = {}) =>
      distribute({
        store,
        outputFolder: output,
        location: 'westus2',
        templateName: 'web-template',
        runId: 'run-1',
        source: 'Debian:debian-12:12:latest',
        sourceVersion: '0.20261121.1',
        createdAtMs: 1_750_000_000_000,
        signal,
        disk,
        targets,
        copies: [],
        consume: false,
        ...overrides,
      }),
    [Symbol.asyncDispose]: async () => {
      store[Symbol.dispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function succeeded(result: TargetResult | undefined): Artifact {
  if (result?.state !== 'succeeded') throw result?.error ?? new Error('no result');
  return result.artifact;
}
