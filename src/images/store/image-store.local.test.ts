import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { chmod, mkdtemp, open, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ImageFacts } from '../../model/image.ts';
import { localManagedImageId, parseImageResourceId, type ManagedImageId } from '../resource-ids.ts';
import { openImageStore, type ImageStore } from './image-store.ts';
import type { GalleryVersionRequest } from './publish-gallery-version.ts';
import { makePatternDisk } from './testing/pattern-disk.ts';

const signal = AbortSignal.timeout(120_000);
const group = '/subscriptions/Sub/resourceGroups/Rg/providers/Microsoft.Compute';
const noOtherFileSystem =
  !existsSync('/dev/shm') || statSync('/dev/shm').dev === statSync(tmpdir()).dev
    ? 'no second file system'
    : false;
let work: string;

before(async () => {
  work = await mkdtemp(join(tmpdir(), 'image-store-'));
});

after(async () => {
  await rm(work, { recursive: true, force: true });
});

test('one content under several names is stored once', async () => {
  using store = await newStore();
  const facts = await add(store, 'shared');
  store.publishManagedImage(facts, managed('a'));
  store.publishManagedImage(await add(store, 'shared', { generation: 'V1' }), managed('b'));
  assert.equal(readdirSync(join(facts.path, '..', '..')).length, 1);
  assert.equal((await store.open(store.find('a'))).generation, 'V2');
  assert.equal((await store.open(store.find('b'))).path, facts.path);
});

test('content that was added by moving is gone from where it was', async () => {
  using store = await newStore();
  const disk = await makePatternDisk(work, 'moved');
  const inode = (await stat(disk.path)).ino;
  const facts = await store.addContent(disk, { move: true, signal });
  assert.equal(existsSync(disk.path), false);
  assert.equal((await stat(facts.path)).ino, inode);
  const again = await makePatternDisk(work, 'moved');
  await store.addContent(again, { move: true, signal });
  assert.equal(existsSync(again.path), false);
});

test('content moves in from another file system too', { skip: noOtherFileSystem }, async () => {
  using store = await newStore();
  const other = await mkdtemp('/dev/shm/image-store-');
  try {
    const disk = await makePatternDisk(other, 'from elsewhere');
    const facts = await store.addContent(disk, { move: true, signal });
    await store.verify(store.publishManagedImage(facts, managed('elsewhere')), signal);
    assert.equal(existsSync(disk.path), false);
  } finally {
    await rm(other, { recursive: true, force: true });
  }
});

test('stored content is read-only and keeps its holes', async () => {
  using store = await newStore();
  const facts = await add(store, 'sparse', { sizeMib: 64 });
  assert.equal((await stat(facts.path)).mode & 0o222, 0);
  assert.ok(facts.allocatedSizeBytes < 2 * 1024 * 1024, `${facts.allocatedSizeBytes} bytes allocated`);
});

test('a disk that is not as long as it says is not taken', async () => {
  using store = await newStore();
  const disk = await makePatternDisk(work, 'short');
  await assert.rejects(
    store.addContent({ ...disk, virtualSizeBytes: disk.virtualSizeBytes * 2 }, { move: true, signal }),
    { code: 'Internal' },
  );
  assert.ok(existsSync(disk.path));
});

test('truncated content is noticed when opened and repaired when added again', async () => {
  using store = await newStore();
  const image = store.publishManagedImage(await add(store, 'cut'), managed('cut'));
  const { path } = await store.open(image);
  await chmod(path, 0o644);
  await truncate(path, 1024 * 1024);
  await assert.rejects(store.open(image), { code: 'SourceInvalid' });
  await add(store, 'cut');
  await store.verify(image, signal);
});

test('altered content is noticed by verify', async () => {
  using store = await newStore();
  const image = store.publishManagedImage(await add(store, 'altered'), managed('altered'));
  await store.verify(image, signal);
  const { path } = await store.open(image);
  await chmod(path, 0o644);
  {
    await using file = await open(path, 'r+');
    await file.write('X', 2_000_000);
  }
  await assert.rejects(store.verify(image, signal), { code: 'ChecksumMismatch' });
});

test('ids that differ in case are one image, shown in the spelling of its first use', async () => {
  using store = await newStore();
  store.publishManagedImage(await add(store, 'one'), managed(`${group}/images/Golden`));
  store.publishManagedImage(await add(store, 'two'), managed(`${group.toUpperCase()}/IMAGES/GOLDEN`));
  const images = store.list();
  assert.equal(images.length, 1);
  assert.equal(images[0]?.kind === 'ManagedImage' && images[0].id, `${group}/images/Golden`);
  assert.equal(store.find('gOlDeN').digest, (await makePatternDisk(work, 'two')).digest);
});

test('hostile names stay inside the store and apart from each other', async () => {
  const images = await mkdtemp(join(work, 'hostile-'));
  using store = openImageStore({ images });
  const facts = await add(store, 'hostile');
  const names = ['../../x', '..', '.', 'a\0b', 'x'.repeat(5000), 'Grün', 'a%2fb', 'CON', '-rf', 'a\nb'];
  for (const name of names) store.publishManagedImage(facts, managed(localManagedImageId(name)));
  assert.equal(store.list().length, names.length);
  assert.deepEqual(new Set(readdirSync(images)), new Set(['blobs', 'managed', 'sessions']));
  for (const image of store.list()) assert.equal(store.find(image.digest).digest, facts.digest);
});

test('a managed image keeps its location and is replaced only on request', async () => {
  using store = await newStore();
  const facts = await add(store, 'location');
  store.publishManagedImage(facts, { ...managed('here'), location: 'West US 2' });
  store.publishManagedImage(facts, { ...managed('here'), location: 'westus2' });
  assert.throws(() => store.publishManagedImage(facts, { ...managed('here'), location: 'northeurope' }), {
    code: 'Conflict',
  });
  assert.throws(
    () => store.publishManagedImage(facts, { ...managed('here'), location: 'westus2', ifExists: 'fail' }),
    { code: 'Conflict' },
  );
});

test('gallery versions count up, skip what is excluded, and never change', async () => {
  using store = await newStore();
  const facts = await add(store, 'gallery');
  const versions = [
    store.publishGalleryVersion(facts, gallery({})),
    store.publishGalleryVersion(facts, gallery({ explicitVersion: '01.2.3' })),
    store.publishGalleryVersion(facts, gallery({})),
    store.publishGalleryVersion(facts, gallery({ explicitVersion: '9.0.0', excludeFromLatest: true })),
  ].map((record) => record.version);
  assert.deepEqual(versions, ['0.0.1', '1.2.3', '1.2.4', '9.0.0']);
  assert.equal(found(store, 'g/d'), '1.2.4');
  assert.equal(found(store, 'g/d/latest'), '1.2.4');
  assert.equal(found(store, `${group}/galleries/G/images/D/versions/9.0.0`), '9.0.0');
  assert.throws(() => store.publishGalleryVersion(facts, gallery({ explicitVersion: '1.2.3' })), {
    code: 'Conflict',
  });
  const fromSource = gallery({ versioning: { scheme: 'Source' }, sourceVersion: '0.20241004.1890' });
  assert.equal(store.publishGalleryVersion(facts, fromSource).version, '0.20241004.1890');
  assert.throws(() => store.publishGalleryVersion(facts, fromSource), { code: 'Conflict' });
});

test('an image that does not fit its definition is refused with every reason', async () => {
  using store = await newStore();
  store.publishGalleryVersion(await add(store, 'v2'), gallery({}));
  const other = await add(store, 'v1', { generation: 'V1', osType: 'Windows', architecture: 'Arm64' });
  assert.throws(
    () => store.publishGalleryVersion(other, gallery({})),
    (error: unknown) => {
      assert.ok(error instanceof Error && 'details' in error && Array.isArray(error.details));
      assert.deepEqual(
        error.details.map((detail: { target: string }) => detail.target),
        ['osType', 'generation', 'architecture'],
      );
      return /generation of the definition is V2, of the image V1/.test(error.message);
    },
  );
});

test('platform versions are numbered by day and made only for new content', async () => {
  const day = Date.UTC(2026, 10, 21, 23, 59);
  using store = openImageStore({ images: await mkdtemp(join(work, 'store-')) }, () => day);
  const urn = { publisher: 'Debian', offer: 'debian-12', sku: '12', version: undefined, origin: {} };
  const one = await add(store, 'day one');
  assert.equal(store.publishPlatformImage(one, urn).version, '0.20261121.1');
  assert.equal(store.publishPlatformImage(one, urn).version, '0.20261121.1');
  assert.equal(store.publishPlatformImage(await add(store, 'day two'), urn).version, '0.20261121.2');
  assert.equal(found(store, 'debian:DEBIAN-12:12'), '0.20261121.2');
  assert.equal(found(store, 'Debian:debian-12:12:0.20261121.1'), '0.20261121.1');
  assert.throws(() => store.find('Debian:debian-12:13'), { code: 'SourceNotFound' });
});

test('a short name with several meanings is refused and lists them', async () => {
  using store = await newStore();
  store.publishManagedImage(await add(store, 'a'), managed(`${group}/images/web`));
  store.publishManagedImage(await add(store, 'b'), managed(localManagedImageId('web')));
  assert.throws(() => store.find('web'), {
    code: 'BadUsage',
    message: /local.*images\/web, .*Sub.*images\/web/,
  });
});

test('a unique start of a digest names an image', async () => {
  using store = await newStore();
  const facts = await add(store, 'by digest');
  store.publishManagedImage(facts, managed('x'));
  const hex = facts.digest.split(':')[1] ?? '';
  assert.equal(store.find(hex.slice(0, 8)).digest, facts.digest);
  assert.equal(store.find(`gs1-sha256:${hex}`).digest, facts.digest);
  assert.throws(() => store.find(hex.slice(0, 5)), { code: 'SourceNotFound' });
});

test('removing takes a name, never "latest", and a definition only when it is empty', async () => {
  using store = await newStore();
  store.publishGalleryVersion(await add(store, 'gone'), gallery({}));
  assert.throws(() => store.remove('g/d/latest'), { code: 'BadUsage' });
  assert.throws(() => store.remove('g/d'), { code: 'Conflict' });
  assert.equal(store.remove('g/d/0.0.1'), `${group}/galleries/g/images/d/versions/0.0.1`);
  assert.equal(store.remove('g/d'), 'g/d');
  assert.deepEqual(store.listDefinitions(), []);
  assert.throws(() => store.remove('g/d'), { code: 'SourceNotFound' });
});

test('garbage is what no name points to and no living store holds', async () => {
  const images = await mkdtemp(join(work, 'garbage-'));
  using collector = openImageStore({ images });
  const builder = openImageStore({ images });
  const kept = await add(builder, 'kept');
  builder.publishManagedImage(kept, managed('kept'));
  const held = await add(builder, 'held');
  assert.deepEqual(collector.collectGarbage().removed, []);
  builder[Symbol.dispose]();
  const report = collector.collectGarbage();
  assert.deepEqual(report.removed, [held.digest]);
  assert.ok(report.freedBytes > 0);
  assert.ok(existsSync(kept.path));
  assert.equal(existsSync(held.path), false);
});

function found(store: ImageStore, ref: string): string {
  const image = store.find(ref);
  return image.kind === 'ManagedImage' ? image.name : image.version;
}

async function newStore(): Promise<ImageStore> {
  return openImageStore({ images: await mkdtemp(join(work, 'store-')) });
}

async function add(
  store: ImageStore,
  text: string,
  overrides: Parameters<typeof makePatternDisk>[2] = {},
): Promise<ImageFacts> {
  return store.addContent(await makePatternDisk(work, text, overrides), { move: false, signal });
}

function managed(name: string | ManagedImageId): Parameters<ImageStore['publishManagedImage']>[1] {
  const parsed = typeof name === 'string' ? parseImageResourceId(name) : name;
  const id =
    parsed?.kind === 'ManagedImage'
      ? parsed
      : localManagedImageId(typeof name === 'string' ? name : name.name);
  return { id, location: 'local', ifExists: 'replace', tags: {}, origin: {} };
}

function gallery(overrides: Partial<GalleryVersionRequest>): GalleryVersionRequest {
  const definitionId = parseImageResourceId(`${group}/galleries/g/images/d`);
  assert.ok(definitionId?.kind === 'ImageDefinition');
  return {
    definitionId,
    explicitVersion: undefined,
    versioning: { scheme: 'Latest', major: undefined },
    sourceVersion: undefined,
    location: 'local',
    excludeFromLatest: false,
    targetRegions: [],
    replicationMode: 'Full',
    tags: {},
    origin: {},
    ...overrides,
  };
}
