/** The other resource providers, with Azure's SDKs. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { clients, polling } from './sdk.ts';
import { startServiceUnderTest, type ServiceUnderTest } from './service.ts';

const location = 'westus2';
const group = 'Mixed-Case_Group';

describe('the Azure SDKs', { timeout: 10 * 60_000 }, () => {
  let service: ServiceUnderTest;
  let sdk: ReturnType<typeof clients>;

  before(async () => {
    service = await startServiceUnderTest();
    sdk = clients(service);
  });
  after(async () => service[Symbol.asyncDispose]());

  test('@azure/arm-resources: groups, tags, providers and generic resources', async () => {
    const { resources } = sdk;
    const made = await resources.resourceGroups.createOrUpdate(group, { location, tags: { a: 'b' } });
    assert.equal(made.name, group);
    assert.equal(made.properties?.provisioningState, 'Succeeded');
    assert.equal((await resources.resourceGroups.get(group.toLowerCase())).name, group);
    assert.equal((await resources.resourceGroups.checkExistence(group)).body, true);
    await resources.resourceGroups.update(group, { tags: { c: 'd' } });
    assert.deepEqual((await resources.resourceGroups.get(group)).tags, { c: 'd' });
    const providers = await collected(resources.providers.list());
    const builder = providers.find(({ namespace }) => namespace === 'Microsoft.VirtualMachineImages');
    const versions = builder?.resourceTypes?.find(({ resourceType }) => resourceType === 'imageTemplates');
    assert.ok(versions?.apiVersions?.includes('2022-02-14'));
    const id = `/subscriptions/${service.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Network/virtualNetworks/net`;
    await resources.resources.beginCreateOrUpdateByIdAndWait(
      id,
      '2023-05-01',
      { location, properties: { addressSpace: { addressPrefixes: ['10.9.0.0/16'] } } },
      polling,
    );
    assert.equal((await resources.resources.getById(id, '2023-05-01')).name, 'net');
    const listed = await collected(resources.resources.listByResourceGroup(group));
    assert.deepEqual(
      listed.map(({ name }) => name),
      ['net'],
    );
    await resources.resources.beginDeleteByIdAndWait(id, '2023-05-01', polling);
  });

  test('@azure/arm-msi and @azure/arm-authorization: an identity with a role', async () => {
    const { identities, authorization } = sdk;
    const identity = await identities.userAssignedIdentities.createOrUpdate(group, 'someone', { location });
    assert.match(identity.principalId ?? '', /^[0-9a-f-]{36}$/);
    const again = await identities.userAssignedIdentities.get(group, 'someone');
    assert.equal(again.principalId, identity.principalId);
    const scope = `/subscriptions/${service.subscriptionId}/resourceGroups/${group}`;
    const roles = await collected(
      authorization.roleDefinitions.list(scope, { filter: "roleName eq 'Contributor'" }),
    );
    assert.equal(roles.length, 1);
    const name = randomUUID();
    const made = await authorization.roleAssignments.create(scope, name, {
      roleDefinitionId: roles[0]?.id ?? '',
      principalId: identity.principalId ?? '',
      principalType: 'ServicePrincipal',
    });
    assert.equal(made.principalId, identity.principalId);
    await assert.rejects(
      authorization.roleAssignments.create(scope, randomUUID(), {
        roleDefinitionId: roles[0]?.id ?? '',
        principalId: identity.principalId ?? '',
        principalType: 'ServicePrincipal',
      }),
      { code: 'RoleAssignmentExists' },
    );
    const assigned = await collected(authorization.roleAssignments.listForScope(scope));
    assert.ok(assigned.some((one) => one.name === name));
    await authorization.roleAssignments.delete(scope, name);
    await identities.userAssignedIdentities.delete(group, 'someone');
    await assert.rejects(identities.userAssignedIdentities.get(group, 'someone'), { statusCode: 404 });
  });

  test('@azure/arm-compute: galleries, definitions and the catalogue', async () => {
    const { compute } = sdk;
    await compute.galleries.beginCreateOrUpdateAndWait(group, 'gallery', { location }, polling);
    const definition = await compute.galleryImages.beginCreateOrUpdateAndWait(
      ...([group, 'gallery', 'golden', goldenDefinition(), polling] as const),
    );
    assert.equal(definition.provisioningState, 'Succeeded');
    assert.equal(definition.hyperVGeneration, 'V1');
    const definitions = await collected(compute.galleryImages.listByGallery(group, 'gallery'));
    assert.deepEqual(
      definitions.map(({ name }) => name),
      ['golden'],
    );
    const offers = await compute.virtualMachineImages.listOffers(location, 'Debian');
    assert.ok(offers.some(({ name }) => name === 'debian-12'));
    const versions = await compute.virtualMachineImages.list(location, 'Debian', 'debian-12', '12-gen2');
    const version = await compute.virtualMachineImages.get(
      ...([location, 'Debian', 'debian-12', '12-gen2', versions[0]?.name ?? ''] as const),
    );
    assert.equal(version.hyperVGeneration, 'V2');
    await assert.rejects(compute.galleries.beginDeleteAndWait(group, 'gallery', polling));
    await compute.galleryImages.beginDeleteAndWait(group, 'gallery', 'golden', polling);
    await compute.galleries.beginDeleteAndWait(group, 'gallery', polling);
  });

  test('@azure/arm-storage and @azure/storage-blob: an account whose blobs are reached', async () => {
    const { storage } = sdk;
    const account = await storage.storageAccounts.beginCreateAndWait(
      ...([
        group,
        'conformance1',
        { sku: { name: 'Standard_LRS' }, kind: 'StorageV2', location },
        polling,
      ] as const),
    );
    const { keys = [] } = await storage.storageAccounts.listKeys(group, 'conformance1');
    const blobs = new BlobServiceClient(
      account.primaryEndpoints?.blob ?? '',
      new StorageSharedKeyCredential('conformance1', keys[0]?.value ?? ''),
    );
    const container = blobs.getContainerClient('things');
    await container.create();
    await container.getBlockBlobClient('hello.txt').upload('hello', 5);
    const read = await container.getBlockBlobClient('hello.txt').downloadToBuffer();
    assert.equal(read.toString(), 'hello');
    await storage.storageAccounts.delete(group, 'conformance1');
  });

  test('a group that is deleted takes everything with it', async () => {
    await sdk.resources.resourceGroups.beginDeleteAndWait(group, polling);
    await assert.rejects(sdk.resources.resourceGroups.get(group), {
      statusCode: 404,
      code: 'ResourceGroupNotFound',
    });
  });
});

function goldenDefinition() {
  return {
    ...{ location, osType: 'Linux' as const, osState: 'Generalized' as const },
    identifier: { publisher: 'me', offer: 'golden', sku: 'one' },
  };
}

async function collected<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
