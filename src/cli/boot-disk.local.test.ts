import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { currentBuildUser, giveToBuildUser } from '../host/build-user.ts';
import { openImageStore, type ImageStore } from '../images/store/image-store.ts';
import { localManagedImageId } from '../images/resource-ids.ts';
import { makePatternDisk } from '../images/store/testing/pattern-disk.ts';
import { isGoldsmithError } from '../model/errors.ts';
import { openBootDisk, type BootDisk } from './boot-disk.ts';
import type { BootRequest } from './ports.ts';

const signal = AbortSignal.timeout(60_000);

test('a file is copied, and booted as it is partitioned and like an Azure VM unless a person knows better', async () => {
  await withFolder(async ({ file, folder, open }) => {
    const found = await open({ image: file });
    assert.deepEqual([found.generation, found.provisioning], ['V1', 'azure']);
    assert.deepEqual(found.disk, { path: join(folder, 'os.raw'), format: 'raw', ephemeral: false });
    assert.deepEqual(readFileSync(found.disk.path), readFileSync(file));
  });
  await withFolder(async ({ file, open }) => {
    const given = await open({ image: file, generation: 'V2', provisioning: 'nocloud' });
    assert.deepEqual([given.generation, given.provisioning], ['V2', 'nocloud']);
  });
});

test('an image of the store is booted on an overlay, as what it is, and cannot be told otherwise', async () => {
  await withFolder(async ({ open }) => {
    const image = await open({ image: 'golden' });
    assert.deepEqual([image.generation, image.provisioning, image.disk.ephemeral], ['V2', 'nocloud', true]);
    for (const other of [{ generation: 'V1' }, { provisioning: 'azure' }] as const) {
      await assert.rejects(open({ image: 'golden', ...other }), (error) =>
        isGoldsmithError(error, 'BadUsage'),
      );
    }
  });
});

interface Scene {
  readonly folder: string;
  readonly file: string;
  readonly open: (request: Partial<BootRequest> & { readonly image: string }) => Promise<BootDisk>;
}

async function withFolder(act: (scene: Scene) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'goldsmith-boot-'));
  const user = currentBuildUser();
  giveToBuildUser(user, folder);
  try {
    using store = openImageStore({ images: join(folder, 'images') });
    const disk = await makePatternDisk(folder, 'a disk', { generation: 'V2', provisioning: 'nocloud' });
    await publish(store, disk);
    const context = { store, user, workDir: folder, signal };
    const report = { progress: () => undefined, output: () => undefined };
    const wishes = { memoryBytes: undefined, cpus: undefined, network: true };
    await act({
      folder,
      file: disk.path,
      open: async (request) =>
        openBootDisk(
          { ...wishes, generation: undefined, provisioning: undefined, ...request },
          { ...context, report },
        ),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function publish(store: ImageStore, disk: Parameters<ImageStore['addContent']>[0]): Promise<void> {
  store.publishManagedImage(await store.addContent(disk, { move: false, signal }), {
    id: localManagedImageId('golden'),
    location: 'local',
    ifExists: 'fail',
    tags: {},
    origin: {},
  });
}
