/** All fifteen operations of Microsoft.VirtualMachineImages, with the SDK, in every stable api-version. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { apiVersions } from '../src/arm/api-versions/supported.ts';
import { clients, imageBuilder4, imageBuilder5, polling } from './sdk.ts';
import { startServiceUnderTest, type ServiceUnderTest } from './service.ts';

const group = 'sdk';
const location = 'westus2';
/** Azure's id of the built-in role Contributor. */
const contributor = 'b24988ac-6180-42a0-ab88-20f7382dd24c';

describe('@azure/arm-imagebuilder', { timeout: 15 * 60_000 }, () => {
  let service: ServiceUnderTest;
  let identityId = '';

  before(async () => {
    service = await startServiceUnderTest();
    const { resources, identities, authorization } = clients(service);
    await resources.resourceGroups.createOrUpdate(group, { location });
    const identity = await identities.userAssignedIdentities.createOrUpdate(group, 'builder', { location });
    identityId = identity.id ?? '';
    await authorization.roleAssignments.create(
      `/subscriptions/${service.subscriptionId}/resourceGroups/${group}`,
      randomUUID(),
      {
        roleDefinitionId: `/subscriptions/${service.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${contributor}`,
        principalId: identity.principalId ?? '',
        principalType: 'ServicePrincipal',
      },
    );
    assert.match(identityId, /userAssignedIdentities\/builder$/);
  });
  after(async () => service[Symbol.asyncDispose]());

  for (const apiVersion of apiVersions) {
    test(`a template's life in ${apiVersion} with version 5`, async () => {
      const templates = imageBuilder5(service, apiVersion).virtualMachineImageTemplates;
      const name = `v5-${apiVersion}`;
      const created = await templates.createOrUpdate(group, name, body(name), polling);
      assert.equal(created.provisioningState, 'Succeeded');
      assert.equal(created.source?.type, 'PlatformImage');
      await templates.run(group, name, polling);
      const ran = await templates.get(group, name);
      assert.equal(ran.lastRunStatus?.runState, 'Succeeded', ran.lastRunStatus?.message);
      const outputs = await collected(templates.listRunOutputs(group, name));
      assert.deepEqual(
        outputs.map((output) => output.name),
        ['image'],
      );
      const output = await templates.getRunOutput(group, name, 'image');
      assert.match(output.artifactId ?? '', new RegExp(`/images/${name}$`, 'i'));
      await templates.update(group, name, { tags: { changed: 'yes' } }, polling);
      assert.equal((await templates.get(group, name)).tags?.['changed'], 'yes');
      assert.ok((await collected(templates.list())).some((one) => one.name === name));
      assert.ok((await collected(templates.listByResourceGroup(group))).some((one) => one.name === name));
      await templates.delete(group, name, polling);
      await assert.rejects(templates.get(group, name), { statusCode: 404, code: 'ResourceNotFound' });
    });
  }

  test('version 4 does the same in its own api-version', async () => {
    const templates = imageBuilder4(service, '2023-07-01').virtualMachineImageTemplates;
    const created = await templates.beginCreateOrUpdateAndWait(group, 'v4', body('v4'), polling);
    assert.equal(created.provisioningState, 'Succeeded');
    await templates.beginRunAndWait(group, 'v4', polling);
    assert.equal((await templates.get(group, 'v4')).lastRunStatus?.runState, 'Succeeded');
    await templates.beginDeleteAndWait(group, 'v4', polling);
    await assert.rejects(templates.get(group, 'v4'), { statusCode: 404 });
  });

  test('a run is cancelled, and its operation ends', async () => {
    const templates = imageBuilder5(service, '2025-10-01').virtualMachineImageTemplates;
    const slow = body('slow', ['sleep 600']);
    await templates.createOrUpdate(group, 'slow', slow, polling);
    const run = templates.run(group, 'slow', polling);
    const failed = assert.rejects(async () => run);
    while ((await templates.get(group, 'slow')).lastRunStatus?.runState !== 'Running') {
      // asked again at once: the answer itself takes its time
    }
    await assert.rejects(
      async () => templates.delete(group, 'slow', polling),
      /OperationNotAllowed|not allowed/,
    );
    await templates.cancel(group, 'slow', polling);
    await failed;
    assert.equal((await templates.get(group, 'slow')).lastRunStatus?.runState, 'Canceled');
    await templates.delete(group, 'slow', polling);
  });

  test('a failing customizer is told with its exit code and its last words', async () => {
    const templates = imageBuilder5(service, '2025-10-01').virtualMachineImageTemplates;
    await templates.createOrUpdate(group, 'fails', body('fails', ['echo last words', 'exit 3']), polling);
    await assert.rejects(async () => templates.run(group, 'fails', polling));
    const { lastRunStatus } = await templates.get(group, 'fails');
    assert.equal(lastRunStatus?.runState, 'Failed');
    assert.match(lastRunStatus?.message ?? '', /exit code 3[\s\S]*last words/);
    await templates.delete(group, 'fails', polling);
  });

  test('triggers are kept beside their template', async () => {
    const client = imageBuilder5(service, '2025-10-01');
    await client.virtualMachineImageTemplates.createOrUpdate(
      group,
      'triggered',
      { ...body('triggered'), distribute: [await galleryTarget()] },
      polling,
    );
    const { triggers } = client;
    const made = await triggers.createOrUpdate(
      group,
      'triggered',
      'source',
      { properties: { kind: 'SourceImage' } },
      polling,
    );
    assert.equal(made.properties?.kind, 'SourceImage');
    assert.equal((await triggers.get(group, 'triggered', 'source')).name, 'source');
    assert.equal((await collected(triggers.listByImageTemplate(group, 'triggered'))).length, 1);
    await triggers.delete(group, 'triggered', 'source', polling);
    assert.equal((await collected(triggers.listByImageTemplate(group, 'triggered'))).length, 0);
    await client.virtualMachineImageTemplates.delete(group, 'triggered', polling);
  });

  test('the provider tells its operations', async () => {
    const operations = await collected(imageBuilder5(service, '2025-10-01').operations.list());
    assert.equal(operations.length, 13);
  });

  function body(name: string, inline: string[] = ['echo hello']) {
    return {
      location,
      identity: { type: 'UserAssigned' as const, userAssignedIdentities: { [identityId]: {} } },
      source: {
        ...{ type: 'PlatformImage' as const, publisher: 'Debian', offer: 'debian-12' },
        ...{ sku: '12', version: 'latest' },
      },
      customize: [{ type: 'Shell' as const, name: 'hello', inline }],
      distribute: [
        {
          type: 'ManagedImage' as const,
          runOutputName: 'image',
          imageId: `/subscriptions/${service.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Compute/images/${name}`,
          location,
        },
      ],
    };
  }

  async function galleryTarget() {
    const { compute } = clients(service);
    await compute.galleries.beginCreateOrUpdateAndWait(group, 'triggers', { location });
    const definition = await compute.galleryImages.beginCreateOrUpdateAndWait(group, 'triggers', 'golden', {
      ...{ location, osType: 'Linux', osState: 'Generalized' },
      identifier: { publisher: 'me', offer: 'golden', sku: 'one' },
    });
    return {
      type: 'SharedImage' as const,
      runOutputName: 'version',
      galleryImageId: definition.id ?? '',
      targetRegions: [{ name: location }],
    };
  }
});

async function collected<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
