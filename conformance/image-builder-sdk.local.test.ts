/** All operations of Microsoft.VirtualMachineImages, with the SDK, in every stable api-version. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { apiVersions, type ApiVersion } from '../src/arm/api-versions/supported.ts';
import { clients, imageBuilder4, imageBuilder5, polling } from './sdk.ts';
import { startServiceUnderTest, type ServiceUnderTest } from './service.ts';
import { actingAs, debian, location, shell, toVhd } from './templates.ts';
import { until } from './until.ts';

const group = 'sdk';
/** Azure's id of the built-in role Contributor. */
const contributor = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
/** The first versions in which a PATCH changes targets, and the build VM; and the first that has triggers. */
const [targetsSince, machineSince, triggersSince] = ['2023-07-01', '2024-02-01', '2022-07-01'] as const;

// The tests are about templates of their own, and each of them mostly waits.
describe('@azure/arm-imagebuilder', { timeout: 15 * 60_000, concurrency: 4 }, () => {
  let service: ServiceUnderTest;
  let identityId = '';

  before(async () => {
    service = await startServiceUnderTest();
    const { resources, identities, authorization } = clients(service);
    await resources.resourceGroups.createOrUpdate(group, { location });
    const identity = await identities.userAssignedIdentities.createOrUpdate(group, 'builder', { location });
    identityId = identity.id ?? '';
    const subscription = `/subscriptions/${service.subscriptionId}`;
    await authorization.roleAssignments.create(`${subscription}/resourceGroups/${group}`, randomUUID(), {
      roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${contributor}`,
      principalId: identity.principalId ?? '',
      principalType: 'ServicePrincipal',
    });
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
      const outputs = await Array.fromAsync(templates.listRunOutputs(group, name));
      assert.deepEqual(
        outputs.map((output) => output.name),
        ['image'],
      );
      const output = await templates.getRunOutput(group, name, 'image');
      assert.match(output.artifactId ?? '', new RegExp(`/images/${name}$`, 'i'));
      await changes(apiVersion, name);
      await triggers(apiVersion, name);
      assert.ok((await Array.fromAsync(templates.list())).some((one) => one.name === name));
      const inGroup = await Array.fromAsync(templates.listByResourceGroup(group));
      assert.ok(inGroup.some((one) => one.name === name));
      await templates.delete(group, name, polling);
      await assert.rejects(templates.get(group, name), { statusCode: 404, code: 'ResourceNotFound' });
    });
  }

  test('version 4 does the same in its own api-version', async () => {
    const templates = imageBuilder4(service, '2023-07-01').virtualMachineImageTemplates;
    const created = await templates.beginCreateOrUpdateAndWait(group, 'v4', body('v4'), polling);
    assert.equal(created.provisioningState, 'Succeeded');
    await templates.beginUpdateAndWait(group, 'v4', { tags: { by: 'four' } }, polling);
    await templates.beginRunAndWait(group, 'v4', polling);
    const ran = await templates.get(group, 'v4');
    assert.deepEqual([ran.lastRunStatus?.runState, ran.tags], ['Succeeded', { by: 'four' }]);
    await templates.beginDeleteAndWait(group, 'v4', polling);
    await assert.rejects(templates.get(group, 'v4'), { statusCode: 404 });
  });

  test('a run shows its machine as long as it lasts, and ends when it is cancelled', async () => {
    const templates = imageBuilder5(service, '2025-10-01').virtualMachineImageTemplates;
    const { compute } = clients(service);
    await templates.createOrUpdate(group, 'slow', body('slow', 'sleep 600'), polling);
    const run = templates.run(group, 'slow', polling);
    const failed = assert.rejects(async () => run);
    const { exactStagingResourceGroup = '' } = await until(
      async () => templates.get(group, 'slow'),
      ({ lastRunStatus }) => lastRunStatus?.runState === 'Running',
    );
    const staging = exactStagingResourceGroup.split('/').at(-1) ?? '';
    const [machine] = await until(
      async () => Array.fromAsync(compute.virtualMachines.list(staging)),
      ({ length }) => length > 0,
    );
    const [name = '', diskId = ''] = [machine?.name, machine?.storageProfile?.osDisk?.managedDisk?.id];
    assert.equal((await compute.virtualMachines.get(staging, name)).provisioningState, 'Succeeded');
    const diskName = diskId.split('/').at(-1) ?? '';
    assert.equal((await compute.disks.get(staging, diskName)).managedBy, machine?.id);
    const everywhere = await Array.fromAsync(compute.virtualMachines.listAll());
    assert.ok(everywhere.some(({ id }) => id === machine?.id));
    const disks = await Array.fromAsync(compute.disks.listByResourceGroup(staging));
    assert.deepEqual(
      disks.map(({ id }) => id),
      [diskId],
    );
    await assert.rejects(
      async () => templates.delete(group, 'slow', polling),
      /is not allowed in provisioning state/,
    );
    // What is shown can be taken out of sight; the end of the run does not stumble over that.
    await compute.virtualMachines.beginDeleteAndWait(staging, name, polling);
    await compute.disks.beginDeleteAndWait(staging, diskName, polling);
    await assert.rejects(compute.virtualMachines.get(staging, name), { statusCode: 404 });
    await templates.cancel(group, 'slow', polling);
    await failed;
    assert.equal((await templates.get(group, 'slow')).lastRunStatus?.runState, 'Canceled');
    await templates.delete(group, 'slow', polling);
    await assert.rejects(compute.disks.get(staging, diskName), { statusCode: 404 });
  });

  test('a failing customizer is told with its exit code and its last words', async () => {
    const templates = imageBuilder5(service, '2025-10-01').virtualMachineImageTemplates;
    await templates.createOrUpdate(group, 'fails', body('fails', 'echo last words', 'exit 3'), polling);
    await assert.rejects(async () => templates.run(group, 'fails', polling));
    const { lastRunStatus } = await templates.get(group, 'fails');
    assert.equal(lastRunStatus?.runState, 'Failed');
    assert.match(lastRunStatus?.message ?? '', /exit code 3[\s\S]*last words/);
    await templates.delete(group, 'fails', polling);
  });

  test('the provider tells its operations', async () => {
    const operations = await Array.fromAsync(imageBuilder5(service, '2025-10-01').operations.list());
    assert.equal(operations.length, 13);
  });

  /** PATCH: tags in every version, targets and machine since their own; a target is never taken away. */
  async function changes(apiVersion: ApiVersion, name: string): Promise<void> {
    const templates = imageBuilder5(service, apiVersion).virtualMachineImageTemplates;
    await templates.update(group, name, { tags: { changed: 'yes' } }, polling);
    const more = { properties: { distribute: [...body(name).distribute, toVhd] } };
    const bigger = { properties: { vmProfile: { vmSize: 'Standard_D4s_v3' } } };
    const less = { properties: { distribute: [toVhd] } };
    // Versions that have no word for a field yet pass over it, as Azure does before 2024-02-01.
    await templates.update(group, name, more, polling);
    await templates.update(group, name, bigger, polling);
    if (apiVersion >= targetsSince) {
      await assert.rejects(async () => templates.update(group, name, less, polling), /not allowed/);
    }
    const read = await templates.get(group, name);
    assert.equal(read.tags?.['changed'], 'yes');
    assert.equal(read.distribute?.length, apiVersion >= targetsSince ? 2 : 1);
    assert.equal(read.vmProfile?.vmSize === 'Standard_D4s_v3', apiVersion >= machineSince);
  }

  /** A trigger is kept beside its template, one of a kind. */
  async function triggers(apiVersion: ApiVersion, name: string): Promise<void> {
    const client = imageBuilder5(service, apiVersion).triggers;
    const wish = { properties: { kind: 'SourceImage' } };
    if (apiVersion < triggersSince) {
      await assert.rejects(async () => client.createOrUpdate(group, name, 'source', wish, polling), {
        statusCode: 400,
      });
      return;
    }
    const made = await client.createOrUpdate(group, name, 'source', wish, polling);
    assert.equal(made.properties?.kind, 'SourceImage');
    assert.equal((await client.get(group, name, 'source')).name, 'source');
    await assert.rejects(async () => client.createOrUpdate(group, name, 'second', wish, polling), {
      statusCode: 409,
    });
    assert.equal((await Array.fromAsync(client.listByImageTemplate(group, name))).length, 1);
    await client.delete(group, name, 'source', polling);
    assert.equal((await Array.fromAsync(client.listByImageTemplate(group, name))).length, 0);
  }

  function body(name: string, ...inline: string[]) {
    const images = `/subscriptions/${service.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Compute/images`;
    return {
      ...{ location, identity: actingAs(identityId), source: debian },
      customize: [shell(...(inline.length > 0 ? inline : ['echo hello']))],
      distribute: [
        {
          type: 'ManagedImage' as const,
          ...{ runOutputName: 'image', imageId: `${images}/${name}`, location },
        },
      ],
    };
  }
});
