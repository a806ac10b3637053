import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { appendVhdFooter } from '../../disk/raw-to-vhd.ts';
import { localManagedImageId, parseImageResourceId } from '../../images/resource-ids.ts';
import { openImageStore } from '../../images/store/image-store.ts';
import { makePatternDisk } from '../../images/store/testing/pattern-disk.ts';
import { openAzurite } from '../../store/blobs/azurite/azurite-blobs.ts';
import type { BlobService } from '../../store/blobs/blob-service.ts';
import { newKeys } from '../../store/blobs/testing/blob-contract.ts';
import type { ArmReply, ResourceProvider } from '../resource-provider.ts';
import { send, testPrincipal, type RequestOptions } from '../testing/arm-request.ts';
import { bodyOf, codeOf, propertiesOf, valueOf } from '../testing/reply.ts';
import { openTestService, subscription, type TestService } from '../testing/service.ts';
import type { ComputeDeps } from './compute-deps.ts';
import { createComputeProvider } from './compute-provider.ts';
import { createImageRegistry } from './image-registry.ts';

const signal = AbortSignal.timeout(120_000);
const compute = `${subscription}/resourceGroups/rg/providers/Microsoft.Compute`;
const galleryId = `${compute}/galleries/gal`;
const linux = { publisher: 'Me', offer: 'Linux', sku: 'gen2' };
const definition = {
  location: 'westus2',
  properties: { osType: 'Linux', osState: 'Generalized', hyperVGeneration: 'V2', identifier: linux },
};

let work: string;
let service: TestService;
let blobs: BlobService;
let deps: ComputeDeps;
let provider: ResourceProvider;
let ask: (method: Method, path: string, options?: RequestOptions) => Promise<ArmReply>;
type Method = 'GET' | 'PUT' | 'PATCH' | 'DELETE' | 'POST';

before(async () => {
  work = await mkdtemp(join(tmpdir(), 'compute-provider-'));
  service = await openTestService();
  await service.group('rg');
  blobs = await openAzurite({ folder: join(work, 'blobs'), port: 0 });
  await blobs.addAccount('vhds', newKeys());
  deps = {
    store: service.store,
    openImages: () => openImageStore({ images: join(work, 'images') }),
    ...{ blobs, catalogue: () => catalogue, now: service.now },
  };
  provider = await createComputeProvider(deps);
  ask = async (method, path, options) => {
    const [pathname, query] = path.split('?');
    return send(provider, method, `${pathname}?api-version=2022-03-03&${query ?? ''}`, options);
  };
  await ask('PUT', galleryId, { body: { location: 'westus2' } });
});

after(async () => {
  await provider[Symbol.asyncDispose]?.();
  await service[Symbol.asyncDispose]();
  await blobs[Symbol.asyncDispose]();
  await rm(work, { recursive: true, force: true });
});

const catalogue: ReturnType<ComputeDeps['catalogue']> = [
  {
    ...{ publisher: 'Debian', offer: 'debian-12', sku: '12-gen2', version: 'rolling', generation: 'V2' },
    ...{ osType: 'Linux', architecture: 'x64', provisioning: 'azure' },
    from: { kind: 'recipe', recipe: 'debian', release: 'bookworm', sizeGB: 4 },
  },
];

test('a gallery has a unique name and its kind does not hide what is in it', async () => {
  const made = await ask('PUT', `${compute}/galleries/Other_1`, {
    body: { location: 'West US 2', properties: { description: 'mine' } },
  });
  assert.equal(made.status, 201);
  const { identifier, provisioningState } = propertiesOf(made);
  assert.deepEqual(identifier, { uniqueName: '00000000-0000-0000-0000-00000000000a-OTHER_1' });
  assert.equal(provisioningState, 'Succeeded');
  const bad = await ask('PUT', `${compute}/galleries/no-hyphens`, { body: { location: 'westus2' } });
  assert.equal(codeOf(bad), 'InvalidParameter');
});

test('what a definition is cannot change, what people read can', async () => {
  const id = `${galleryId}/images/steady`;
  assert.equal((await ask('PUT', id, { body: definition })).status, 201);
  const again = { ...definition, properties: { ...definition.properties, description: 'better' } };
  assert.equal(propertiesOf(await ask('PUT', id, { body: again }))['description'], 'better');
  const other = { ...definition, properties: { ...definition.properties, hyperVGeneration: 'V1' } };
  assert.equal(codeOf(await ask('PUT', id, { body: other })), 'PropertyChangeNotAllowed');
  const patched = await ask('PATCH', id, { body: { properties: { eula: 'x' }, tags: { a: 'b' } } });
  assert.equal(propertiesOf(patched)['eula'], 'x');
  const odd = { ...definition.properties, features: [{ name: 'SecurityType', value: 'a;b' }] };
  const refused = await ask('PUT', `${galleryId}/images/odd`, { body: { ...definition, properties: odd } });
  assert.equal(codeOf(refused), 'InvalidParameter');
  const orphan = await ask('PUT', `${compute}/galleries/none/images/a`, { body: definition });
  assert.equal(codeOf(orphan), 'ParentResourceNotFound');
});

test('a version is made from a managed image, listed, changed and removed', async () => {
  const imageId = await managedImage('golden');
  const id = `${galleryId}/images/web`;
  await ask('PUT', id, { body: definition });
  const body = versionOf({ source: { id: imageId } }, [
    { name: 'West US 2', regionalReplicaCount: 2 },
    { name: 'eastus' },
  ]);
  const made = await ask('PUT', `${id}/versions/1.0.0`, { body });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.equal(propertiesOf(made)['provisioningState'], 'Succeeded');
  assert.equal('replicationStatus' in propertiesOf(made), false);

  const status = propertiesOf(await ask('GET', `${id}/versions/1.0.0?$expand=ReplicationStatus`));
  assert.deepEqual(status['replicationStatus'], {
    aggregatedState: 'Completed',
    summary: [
      { region: 'West US 2', state: 'Completed', details: '', progress: 100 },
      { region: 'East US', state: 'Completed', details: '', progress: 100 },
    ],
  });
  await ask('PUT', `${id}/versions/2.0.0`, { body });
  assert.deepEqual(
    valueOf(await ask('GET', `${id}/versions`)).map(({ name }) => name),
    ['1.0.0', '2.0.0'],
  );
  assert.equal(latest('gal/web'), '2.0.0');

  const excluded = { properties: { publishingProfile: { excludeFromLatest: true } } };
  const patched = await ask('PATCH', `${id}/versions/2.0.0`, { body: excluded });
  assert.equal(patched.status, 200, JSON.stringify(patched.body));
  assert.equal(latest('gal/web'), '1.0.0');
  const other = versionOf({ source: { id: `${imageId}x` } });
  assert.equal(codeOf(await ask('PUT', `${id}/versions/1.0.0`, { body: other })), 'PropertyChangeNotAllowed');

  assert.equal(codeOf(await ask('DELETE', id)), 'CannotDeleteResource');
  assert.equal(codeOf(await ask('DELETE', galleryId)), 'CannotDeleteResource');
  for (const version of ['1.0.0', '2.0.0']) {
    assert.equal((await ask('DELETE', `${id}/versions/${version}`)).status, 200);
  }
  assert.equal((await ask('DELETE', `${id}/versions/1.0.0`)).status, 204);
  assert.equal((await ask('DELETE', id)).status, 200);
  using images = deps.openImages();
  assert.equal(
    images.listDefinitions().some(({ definition: name }) => name === 'web'),
    false,
  );
});

test('versions that cannot be are refused with the field', async () => {
  const imageId = await managedImage('refused');
  const id = `${galleryId}/images/strict`;
  await ask('PUT', id, {
    body: { ...definition, properties: { ...definition.properties, hyperVGeneration: 'V1' } },
  });
  const cases: readonly (readonly [string, object, string])[] = [
    ['1.0', versionOf({ source: { id: imageId } }), 'InvalidParameter'],
    ['1.0.4294967296', versionOf({ source: { id: imageId } }), 'InvalidParameter'],
    ['1.0.0', versionOf({ source: { id: imageId } }), 'InvalidParameter'], // it is V2
    ['1.0.0', versionOf({}), 'InvalidParameter'],
    ['1.0.0', versionOf({ source: { id: `${compute}/images/none` } }), 'NotFound'],
    ['1.0.0', versionOf({ source: { virtualMachineId: `${compute}/virtualMachines/x` } }), 'NotFound'],
    ['1.0.0', versionOf({ source: { id: imageId } }, [{ name: 'eastus' }]), 'InvalidParameter'],
    [
      '1.0.0',
      versionOf({ source: { id: imageId } }, [{ name: 'nowhere' }]),
      'LocationNotAvailableForResourceType',
    ],
    [
      '1.0.0',
      versionOf({ osDiskImage: { source: { uri: 'https://x.test/vhds/a.vhd' } } }),
      'InvalidParameter',
    ],
    ['1.0.0', { location: 'westus2' }, 'InvalidRequestContent'],
  ];
  for (const [version, body, code] of cases) {
    assert.equal(codeOf(await ask('PUT', `${id}/versions/${version}`, { body })), code, JSON.stringify(body));
  }
  const orphan = await ask('PUT', `${galleryId}/images/none/versions/1.0.0`, { body: versionOf({}) });
  assert.equal(codeOf(orphan), 'ParentResourceNotFound');
  assert.deepEqual(valueOf(await ask('GET', `${id}/versions`)), []);
});

test('a VHD in a storage account becomes a managed image and a version', async () => {
  const uri = await uploadVhd('disk.vhd');
  const imageId = `${compute}/images/fromvhd`;
  const osDisk = { osType: 'Linux', osState: 'Generalized', blobUri: uri };
  const made = await ask('PUT', imageId, {
    body: { location: 'westus2', properties: { storageProfile: { osDisk }, hyperVGeneration: 'V2' } },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.equal(propertiesOf(made)['provisioningState'], 'Creating');
  assert.match(made.headers?.['Azure-AsyncOperation'] ?? '', /Microsoft\.Compute\/locations\/westus2/);
  assert.equal(propertiesOf(await settled(imageId))['provisioningState'], 'Succeeded');
  await settledOperation(made);

  const id = `${galleryId}/images/fromvhd`;
  await ask('PUT', id, { body: definition });
  const versionId = `${id}/versions/1.0.0`;
  const version = await ask('PUT', versionId, { body: versionOf({ osDiskImage: { source: { uri } } }) });
  assert.equal(version.status, 201, JSON.stringify(version.body));
  assert.equal(
    codeOf(await ask('PUT', versionId, { body: versionOf({ osDiskImage: { source: { uri } } }) })),
    'Conflict',
  );
  assert.equal(propertiesOf(await settled(versionId))['provisioningState'], 'Succeeded');
  using images = deps.openImages();
  assert.equal(images.find(versionId).digest, images.find(imageId).digest);
});

test('a blob that is no disk makes a failed image with the reason, which can be made again', async () => {
  const path = join(work, 'no-disk');
  await writeFile(path, 'x'.repeat(100_000));
  const { url } = await blobs.putFile({
    ...{ account: 'vhds', container: 'disks', blob: 'again.vhd', path, signal },
  });
  const imageId = `${compute}/images/again`;
  const osDisk = { osType: 'Linux', osState: 'Generalized', blobUri: url };
  const body = { location: 'westus2', properties: { storageProfile: { osDisk } } };
  const made = await ask('PUT', imageId, { body });
  assert.equal(propertiesOf(await settled(imageId))['provisioningState'], 'Failed');
  const operation = await settledOperation(made, 'Failed');
  assert.equal(operation.error?.code, 'InvalidVhd');
  await uploadVhd('again.vhd');
  await ask('PUT', imageId, { body });
  assert.equal(propertiesOf(await settled(imageId))['provisioningState'], 'Succeeded');
});

test('what builds publish becomes resources, twice without harm', async () => {
  const registry = createImageRegistry({ ...deps, principal: testPrincipal });
  const imageId = await managedImage('built');
  await register(imageId, 'ManagedImage');
  await register(imageId, 'ManagedImage');
  const image = await ask('GET', imageId);
  assert.equal(bodyOf(image)['location'], 'westus2');
  assert.equal(propertiesOf(image)['hyperVGeneration'], 'V2');
  assert.equal((await ask('DELETE', imageId)).status, 200);

  const definitionId = `${galleryId}/images/built`;
  const versionId = await galleryVersion(definitionId);
  await assert.rejects(register(versionId, 'SharedImage'), { code: 'DistributeFailed' });
  await ask('PUT', definitionId, { body: definition });
  await register(versionId, 'SharedImage');
  const version = propertiesOf(await ask('GET', versionId));
  assert.equal(version['provisioningState'], 'Succeeded');
  await assert.rejects(register(`${definitionId}/versions/9.9.9`, 'SharedImage'), {
    code: 'DistributeFailed',
  });

  async function register(artifactId: string, kind: 'ManagedImage' | 'SharedImage'): Promise<void> {
    const artifact = {
      artifactId,
      kind,
      runOutputName: 'o',
      path: '',
      format: 'raw',
      digest: '',
      tags: {},
    } as const;
    await registry.register({
      artifact: { ...artifact, virtualSizeBytes: 0, allocatedSizeBytes: 0 },
      ...{ templateId: 't', runId: 'r', location: 'westus2' },
    });
  }
});

test('platform images are found level by level, as clients look for them', async () => {
  const root = `${subscription}/providers/Microsoft.Compute/locations/westus2/publishers`;
  const names = async (path: string): Promise<unknown[]> => {
    const { body } = await ask('GET', path);
    return Array.isArray(body)
      ? body.map((entry: object) => Object.entries(entry).find(([key]) => key === 'name')?.[1])
      : [];
  };
  assert.deepEqual(await names(root), ['Debian']);
  const offers = `${root}/debian/artifacttypes/vmimage/offers`;
  assert.deepEqual(await names(offers), ['debian-12']);
  assert.deepEqual(await names(`${offers}/debian-12/skus`), ['12-gen2']);
  const versions = `${offers}/debian-12/skus/12-gen2/versions`;
  assert.deepEqual(await names(`${versions}?$top=1&$orderby=name desc`), ['latest']);
  for (const text of ['one', 'two']) await platformImage(text);
  const all = await names(versions);
  assert.equal(all.length, 2);
  assert.deepEqual(await names(`${versions}?$top=1&$orderby=name desc`), all.slice(-1));
  const shown = propertiesOf(await ask('GET', `${versions}/latest`));
  assert.equal(shown['hyperVGeneration'], 'V2');
  assert.equal(codeOf(await ask('GET', `${offers}/none/skus`)), 'NotFound');
  assert.equal(
    codeOf(await ask('GET', root.replace('westus2', 'nowhere'))),
    'LocationNotAvailableForResourceType',
  );
});

test('sizes are listed for a location and as SKUs', async () => {
  const sizes = valueOf(
    await ask('GET', `${subscription}/providers/Microsoft.Compute/locations/westus2/vmSizes`),
  );
  assert.equal(sizes.find(({ name }) => name === 'Standard_D2ds_v4')?.['memoryInMB'], 8192);
  assert.equal(sizes.find(({ name }) => name === 'Standard_D1_v2')?.['numberOfCores'], 1);
  const skus = `${subscription}/providers/Microsoft.Compute/skus`;
  assert.ok(valueOf(await ask('GET', `${skus}?$filter=location eq 'westus2'`)).length > 50);
  assert.equal(codeOf(await ask('GET', `${skus}?$filter=name eq 'x'`)), 'InvalidParameter');
});

function versionOf(storageProfile: object, targetRegions: readonly object[] = []): object {
  return {
    location: 'westus2',
    properties: { storageProfile, publishingProfile: targetRegions.length === 0 ? {} : { targetRegions } },
  };
}

function latest(reference: string): string {
  using images = deps.openImages();
  const found = images.find(reference);
  return found.kind === 'GalleryVersion' ? found.version : '';
}

/** Resolves when the resource is neither `Creating` nor `Updating`. */
async function settled(id: string): Promise<ArmReply> {
  const { promise, resolve } = Promise.withResolvers<ArmReply>();
  const look = async (): Promise<void> => {
    const reply = await ask('GET', id);
    if (propertiesOf(reply)['provisioningState'] !== 'Creating') resolve(reply);
  };
  const stop = service.store.subscribe('resources', () => void look());
  await look();
  const reply = await promise;
  stop();
  return reply;
}

async function settledOperation(reply: ArmReply, status = 'Succeeded') {
  const id = /operations\/([0-9a-f-]+)/.exec(reply.headers?.['Azure-AsyncOperation'] ?? '')?.[1] ?? '';
  const operation = await service.store.operations.get(id);
  assert.ok(operation !== undefined);
  assert.equal(operation.status, status);
  return operation;
}

async function managedImage(name: string): Promise<string> {
  using images = deps.openImages();
  const id = parseImageResourceId(`${compute}/images/${name}`);
  const facts = await images.addContent(await makePatternDisk(work, name), { move: true, signal });
  return images.publishManagedImage(facts, {
    id: id?.kind === 'ManagedImage' ? id : localManagedImageId(name),
    ...{ location: 'westus2', ifExists: 'replace', tags: {}, origin: {} },
  }).id;
}

async function galleryVersion(definitionId: string): Promise<string> {
  using images = deps.openImages();
  const id = parseImageResourceId(definitionId);
  assert.ok(id?.kind === 'ImageDefinition');
  const facts = await images.addContent(await makePatternDisk(work, 'version'), { move: true, signal });
  return images.publishGalleryVersion(facts, {
    ...{ definitionId: id, explicitVersion: undefined, sourceVersion: undefined, location: 'westus2' },
    versioning: { scheme: 'Latest', major: undefined },
    ...{ excludeFromLatest: false, targetRegions: [], replicationMode: 'Full', tags: {}, origin: {} },
  }).id;
}

async function platformImage(text: string): Promise<void> {
  using images = deps.openImages();
  const facts = await images.addContent(await makePatternDisk(work, text), { move: true, signal });
  images.publishPlatformImage(facts, {
    ...{ publisher: 'Debian', offer: 'debian-12', sku: '12-gen2', version: undefined, origin: {} },
  });
}

async function uploadVhd(blob: string): Promise<string> {
  const { path } = await makePatternDisk(work, 'vhd');
  await appendVhdFooter(path, { createdAtMs: 0, uniqueId: randomUUID() });
  const { url } = await blobs.putFile({ account: 'vhds', container: 'disks', blob, path, signal });
  return url;
}
