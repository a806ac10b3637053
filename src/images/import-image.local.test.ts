import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeCopy } from '../disk/copy-formats.ts';
import type { DiskFormat } from '../model/run.ts';
import { importImage, type ImportImageRequest } from './import-image.ts';
import { openImageStore } from './store/image-store.ts';
import { makePatternDisk } from './store/testing/pattern-disk.ts';

const signal = AbortSignal.timeout(120_000);
const formats: readonly DiskFormat[] = ['raw', 'vhd', 'qcow2', 'vhdx', 'vmdk'];
let work: string;

before(async () => {
  work = await mkdtemp(join(tmpdir(), 'import-image-'));
});

after(async () => {
  await rm(work, { recursive: true, force: true });
});

for (const format of formats) {
  test(`a ${format} file becomes a managed image with the disk's own digest`, async () => {
    using store = openImageStore({ images: join(work, `store-${format}`) });
    const disk = await makePatternDisk(work, format);
    const path = join(work, `upload.${format}`);
    await writeCopy({
      rawPath: disk.path,
      sizeBytes: disk.virtualSizeBytes,
      format,
      dest: path,
      identity: { createdAtMs: 1_750_000_000_000, uniqueId: '00000000-0000-4000-8000-000000000000' },
      signal,
    });
    const imported = await importImage(store, request(path, 'golden'));
    assert.equal(imported.format, format);
    assert.equal(imported.image.digest, disk.digest);
    assert.equal(imported.image.generation, 'V1');
    assert.match(imported.generationBecause, /./);
    await store.verify(store.find('golden'), signal);
    assert.ok(existsSync(path));
  });
}

test('a given generation counts, and an existing name is replaced only on request', async () => {
  using store = openImageStore({ images: join(work, 'store-again') });
  const { path } = await makePatternDisk(work, 'again');
  const { image } = await importImage(store, { ...request(path, 'golden'), generation: 'V2' });
  assert.equal(image.generation, 'V2');
  await assert.rejects(importImage(store, request(path, 'GOLDEN')), { code: 'Conflict' });
  const replaced = await importImage(store, { ...request(path, 'golden'), replace: true });
  assert.equal(replaced.image.generation, 'V1');
  assert.equal(store.list().length, 1);
});

test('a raw file that is not whole MiB is filled up with zeros', async () => {
  using store = openImageStore({ images: join(work, 'store-odd') });
  const path = join(work, 'odd.img');
  await writeFile(path, Buffer.alloc(1_500_000, 'x'));
  const { image } = await importImage(store, request(path, 'odd'));
  assert.equal((await store.open(image)).virtualSizeBytes, 2 * 1024 * 1024);
});

test('names that Azure would not take are refused before anything is read', async () => {
  using store = openImageStore({ images: join(work, 'store-names') });
  for (const name of ['', '../x', 'a b', '-x', 'x'.repeat(81), 'a:b', '/subscriptions/s']) {
    await assert.rejects(importImage(store, request('/nowhere', name)), { code: 'BadUsage' }, name);
  }
});

function request(path: string, name: string): ImportImageRequest {
  return { path, name, osType: 'Linux', provisioning: 'nocloud', signal };
}
