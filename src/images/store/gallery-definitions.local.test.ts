import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { GalleryVersionId, ImageDefinitionId } from '../resource-ids.ts';
import { openImageStore, type ImageStore } from './image-store.ts';
import { makePatternDisk } from './testing/pattern-disk.ts';

const signal = AbortSignal.timeout(60_000);
const group = { subscription: 's', resourceGroup: 'rg', gallery: 'g' };
let work: string;

before(async () => {
  work = await mkdtemp(join(tmpdir(), 'gallery-definitions-'));
});

after(async () => {
  await rm(work, { recursive: true, force: true });
});

test('a definition that was made first refuses images that do not fit', async () => {
  using store = openImageStore({ images: join(work, 'fit') });
  const id: ImageDefinitionId = { kind: 'ImageDefinition', ...group, definition: 'first' };
  const traits = { osType: 'Linux', generation: 'V1', architecture: 'x64' } as const;
  store.defineImage({ id, location: 'westus2', ...traits });
  await assert.rejects(publish(store, id, '1.0.0'), { code: 'DistributeFailed' });
  store.defineImage({ id, location: 'westus2', ...traits, generation: 'V2' });
  assert.equal((await publish(store, id, '1.0.0')).location, 'westus2');
  assert.throws(() => store.defineImage({ id, location: 'westus2', ...traits }), { code: 'Conflict' });
  assert.equal(store.listDefinitions().length, 1);
});

test('a version can be taken out of latest and offered elsewhere', async () => {
  using store = openImageStore({ images: join(work, 'update') });
  const definition: ImageDefinitionId = { kind: 'ImageDefinition', ...group, definition: 'second' };
  await publish(store, definition, '1.0.0');
  await publish(store, definition, '2.0.0');
  const id: GalleryVersionId = { ...definition, kind: 'GalleryVersion', version: '2.0.0' };
  const changed = store.updateGalleryVersion(id, {
    excludeFromLatest: true,
    targetRegions: [{ name: 'eastus', replicaCount: 2, storageAccountType: 'Premium_LRS' }],
    tags: { a: 'b' },
  });
  assert.equal(changed?.targetRegions[0]?.name, 'eastus');
  const latest = store.find('g/second');
  assert.equal(latest.kind === 'GalleryVersion' && latest.version, '1.0.0');
  const none = { ...id, version: '3.0.0' };
  assert.equal(
    store.updateGalleryVersion(none, { excludeFromLatest: false, targetRegions: [], tags: {} }),
    undefined,
  );
});

async function publish(store: ImageStore, definitionId: ImageDefinitionId, explicitVersion: string) {
  const disk = await makePatternDisk(work, 'content');
  return store.publishGalleryVersion(await store.addContent(disk, { move: true, signal }), {
    ...{ definitionId, explicitVersion, location: 'local', sourceVersion: undefined },
    versioning: { scheme: 'Latest', major: undefined },
    ...{ excludeFromLatest: false, targetRegions: [], replicationMode: 'Full', tags: {}, origin: {} },
  });
}
