/** Images, galleries and the catalogue with `@azure/arm-compute`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { polling } from '../sdk.ts';
import { location } from '../templates.ts';
import { groupId, namesOf, type SdkSuite } from './suite.ts';
import { uploadVhd } from './upload-vhd.ts';

const group = 'images';
const [gallery, definition] = ['gallery', 'golden'] as const;

export function describeCompute(suite: () => SdkSuite): void {
  describe('@azure/arm-compute', () => {
    test('a managed image is made from a VHD that somebody uploaded', async () => {
      const { resources, compute } = suite().sdk;
      await resources.resourceGroups.createOrUpdate(group, { location });
      const blobUri = await uploadVhd(suite(), group, 'suiteimages');
      const storageProfile = {
        osDisk: { osType: 'Linux' as const, osState: 'Generalized' as const, blobUri },
      };
      const wish = { location, storageProfile, hyperVGeneration: 'V2' };
      const made = await compute.images.beginCreateOrUpdateAndWait(group, 'uploaded', wish, polling);
      assert.deepEqual([made.provisioningState, made.hyperVGeneration], ['Succeeded', 'V2']);
      await compute.images.beginUpdateAndWait(group, 'uploaded', { tags: { from: 'vhd' } }, polling);
      assert.deepEqual((await compute.images.get(group, 'uploaded')).tags, { from: 'vhd' });
      assert.deepEqual(await namesOf(compute.images.listByResourceGroup(group)), ['uploaded']);
      assert.ok((await namesOf(compute.images.list())).includes('uploaded'));
      await assert.rejects(
        compute.images.beginCreateOrUpdateAndWait(group, 'uploaded', { ...wish, hyperVGeneration: 'V1' }),
        { code: 'PropertyChangeNotAllowed' },
      );
    });

    test('a gallery and its definition are changed only where nothing depends on them', async () => {
      const { galleries, galleryImages } = suite().sdk.compute;
      await galleries.beginCreateOrUpdateAndWait(group, gallery, { location }, polling);
      await galleries.beginUpdateAndWait(group, gallery, { description: 'of the suite' }, polling);
      const read = await galleries.get(group, gallery);
      assert.equal(read.description, 'of the suite');
      assert.match(read.identifier?.uniqueName ?? '', /-GALLERY$/);
      assert.deepEqual(await namesOf(galleries.listByResourceGroup(group)), [gallery]);
      assert.ok((await namesOf(galleries.list())).includes(gallery));

      const wish = {
        ...{ location, osType: 'Linux' as const, osState: 'Generalized' as const, hyperVGeneration: 'V2' },
        identifier: { publisher: 'me', offer: 'golden', sku: 'one' },
      };
      const made = await galleryImages.beginCreateOrUpdateAndWait(group, gallery, definition, wish, polling);
      assert.deepEqual([made.provisioningState, made.architecture], ['Succeeded', 'x64']);
      await galleryImages.beginUpdateAndWait(group, gallery, definition, { description: 'new' }, polling);
      assert.equal((await galleryImages.get(group, gallery, definition)).description, 'new');
      await assert.rejects(
        galleryImages.beginUpdateAndWait(group, gallery, definition, { osType: 'Windows' }, polling),
        { code: 'PropertyChangeNotAllowed' },
      );
      assert.deepEqual(await namesOf(galleryImages.listByGallery(group, gallery)), [definition]);
      await assert.rejects(galleries.beginDeleteAndWait(group, gallery, polling), {
        code: 'CannotDeleteResource',
      });
    });

    test('a version is made from an image, offered in more regions and taken back', async () => {
      const { galleryImages, galleryImageVersions: versions } = suite().sdk.compute;
      const at = [group, gallery, definition] as const;
      const source = { id: `${groupId(suite(), group)}/providers/Microsoft.Compute/images/uploaded` };
      const wish = { location, storageProfile: { source } };
      const made = await versions.beginCreateOrUpdateAndWait(...at, '1.0.0', wish, polling);
      assert.equal(made.provisioningState, 'Succeeded');
      const targetRegions = [{ name: location }, { name: 'eastus', regionalReplicaCount: 2 }];
      const publishingProfile = { targetRegions, excludeFromLatest: true };
      await versions.beginUpdateAndWait(...at, '1.0.0', { publishingProfile }, polling);
      const read = await versions.get(...at, '1.0.0', { expand: 'ReplicationStatus' });
      assert.equal(read.publishingProfile?.excludeFromLatest, true);
      assert.equal(read.publishingProfile?.targetRegions?.[1]?.regionalReplicaCount, 2);
      assert.deepEqual(
        read.replicationStatus?.summary?.map(({ region, state }) => [region, state]),
        [
          ['West US 2', 'Completed'],
          ['East US', 'Completed'],
        ],
      );
      assert.deepEqual(await namesOf(versions.listByGalleryImage(...at)), ['1.0.0']);
      await assert.rejects(versions.beginCreateOrUpdateAndWait(...at, 'latest', wish, polling), {
        statusCode: 400,
      });
      await assert.rejects(galleryImages.beginDeleteAndWait(...at, polling), {
        code: 'CannotDeleteResource',
      });
      await versions.beginDeleteAndWait(...at, '1.0.0', polling);
      await assert.rejects(versions.get(...at, '1.0.0'), { code: 'ResourceNotFound' });
    });

    test('what is empty is deleted', async () => {
      const { compute, resources } = suite().sdk;
      await compute.galleryImages.beginDeleteAndWait(group, gallery, definition, polling);
      await compute.galleries.beginDeleteAndWait(group, gallery, polling);
      await assert.rejects(compute.galleries.get(group, gallery), { statusCode: 404 });
      await compute.images.beginDeleteAndWait(group, 'uploaded', polling);
      await assert.rejects(compute.images.get(group, 'uploaded'), { code: 'ResourceNotFound' });
      await resources.resourceGroups.beginDeleteAndWait(group, polling);
    });

    test('the catalogue of platform images is walked from publisher to version', async () => {
      const { virtualMachineImages } = suite().sdk.compute;
      const publishers = await virtualMachineImages.listPublishers(location);
      assert.ok(publishers.some(({ name }) => name === 'Debian'));
      const offers = await virtualMachineImages.listOffers(location, 'Debian');
      assert.ok(offers.some(({ name }) => name === 'debian-12'));
      const skus = await virtualMachineImages.listSkus(location, 'Debian', 'debian-12');
      assert.ok(skus.some(({ name }) => name === '12-gen2'));
      const image = [location, 'Debian', 'debian-12', '12-gen2'] as const;
      const [version] = await virtualMachineImages.list(...image);
      const read = await virtualMachineImages.get(...image, version?.name ?? '');
      assert.equal(read.hyperVGeneration, 'V2');
    });
  });
}
