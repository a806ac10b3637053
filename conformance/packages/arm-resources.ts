/** Groups, tags, providers, generic resources and moves with `@azure/arm-resources`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { polling } from '../sdk.ts';
import { location } from '../templates.ts';
import { groupId, namesOf, type SdkSuite } from './suite.ts';

const group = 'Mixed-Case_Group';
const other = 'moved-to';
const networkVersion = '2023-05-01';

export function describeResources(suite: () => SdkSuite): void {
  describe('@azure/arm-resources', () => {
    test('a group keeps the case of its name and answers in any', async () => {
      const { resourceGroups } = suite().sdk.resources;
      const made = await resourceGroups.createOrUpdate(group, { location, tags: { a: 'b' } });
      assert.equal(made.name, group);
      assert.equal(made.properties?.provisioningState, 'Succeeded');
      assert.equal((await resourceGroups.get(group.toLowerCase())).name, group);
      assert.equal((await resourceGroups.checkExistence(group)).body, true);
      assert.equal((await resourceGroups.checkExistence('no-such-group')).body, false);
      await resourceGroups.update(group, { tags: { c: 'd' } });
      assert.deepEqual((await resourceGroups.get(group)).tags, { c: 'd' });
      assert.deepEqual(await namesOf(resourceGroups.list({ filter: "tagName eq 'c' and tagValue eq 'd'" })), [
        group,
      ]);
      await assert.rejects(resourceGroups.createOrUpdate(group, { location: 'eastus' }), {
        code: 'InvalidResourceGroupLocation',
      });
    });

    test('providers tell their types and api-versions, and are registered', async () => {
      const { providers } = suite().sdk.resources;
      const all = await Array.fromAsync(providers.list());
      const builder = all.find(({ namespace }) => namespace === 'Microsoft.VirtualMachineImages');
      const templates = builder?.resourceTypes?.find(({ resourceType }) => resourceType === 'imageTemplates');
      assert.ok(templates?.apiVersions?.includes('2022-02-14'));
      await providers.unregister('Microsoft.Insights');
      assert.match(
        (await providers.get('Microsoft.Insights')).registrationState ?? '',
        /^(Not|Un)[Rr]egister/,
      );
      await providers.register('Microsoft.Insights');
      assert.equal((await providers.get('Microsoft.Insights')).registrationState, 'Registered');
    });

    test('tags of a resource are read, merged, taken away and replaced without its provider', async () => {
      const { resources, networks } = suite().sdk;
      const net = await networks.virtualNetworks.beginCreateOrUpdateAndWait(group, 'tagged', {
        ...{ location, tags: { kept: '1' } },
        addressSpace: { addressPrefixes: ['10.8.0.0/16'] },
      });
      const scope = net.id ?? '';
      const { tagsOperations } = resources;
      const change = async (operation: string, tags: Record<string, string>) =>
        tagsOperations.beginUpdateAtScopeAndWait(scope, { operation, properties: { tags } }, polling);
      assert.deepEqual((await tagsOperations.getAtScope(scope)).properties.tags, { kept: '1' });
      await change('Merge', { added: '2' });
      assert.deepEqual((await networks.virtualNetworks.get(group, 'tagged')).tags, { kept: '1', added: '2' });
      await change('Delete', { kept: '1' });
      assert.deepEqual((await tagsOperations.getAtScope(scope)).properties.tags, { added: '2' });
      await tagsOperations.beginCreateOrUpdateAtScopeAndWait(scope, { properties: { tags: { only: '3' } } });
      assert.deepEqual((await tagsOperations.getAtScope(scope)).properties.tags, { only: '3' });
      await tagsOperations.beginDeleteAtScopeAndWait(scope);
      assert.deepEqual((await networks.virtualNetworks.get(group, 'tagged')).tags ?? {}, {});
    });

    test('a resource is written, listed by type and removed without its own package', async () => {
      const { resources } = suite().sdk.resources;
      const id = `${groupId(suite(), group)}/providers/Microsoft.Network/virtualNetworks/net`;
      const body = { location, properties: { addressSpace: { addressPrefixes: ['10.9.0.0/16'] } } };
      const made = await resources.beginCreateOrUpdateByIdAndWait(id, networkVersion, body, polling);
      assert.equal(made.name, 'net');
      await resources.beginUpdateByIdAndWait(id, networkVersion, { tags: { by: 'id' } }, polling);
      assert.deepEqual((await resources.getById(id, networkVersion)).tags, { by: 'id' });
      const filter = "resourceType eq 'Microsoft.Network/virtualNetworks' and tagName eq 'by'";
      assert.deepEqual(await namesOf(resources.listByResourceGroup(group, { filter })), ['net']);
      assert.ok((await namesOf(resources.list())).includes('net'));
      await resources.beginDeleteByIdAndWait(id, networkVersion, polling);
      await assert.rejects(resources.getById(id, networkVersion), { code: 'ResourceNotFound' });
    });

    test('a network moves to another group with its subnets', async () => {
      const { resources, networks } = suite().sdk;
      await resources.resourceGroups.createOrUpdate(other, { location });
      const net = await networks.virtualNetworks.beginCreateOrUpdateAndWait(group, 'moving', {
        ...{ location, addressSpace: { addressPrefixes: ['10.7.0.0/16'] } },
        subnets: [{ name: 'inner', addressPrefix: '10.7.1.0/24' }],
      });
      const order = { resources: [net.id ?? ''], targetResourceGroup: groupId(suite(), other) };
      await resources.resources.beginValidateMoveResourcesAndWait(group, order, polling);
      await resources.resources.beginMoveResourcesAndWait(group, order, polling);
      await assert.rejects(networks.virtualNetworks.get(group, 'moving'), { code: 'ResourceNotFound' });
      const moved = await networks.virtualNetworks.get(other, 'moving');
      assert.equal(moved.subnets?.[0]?.id, `${moved.id ?? ''}/subnets/inner`);
      assert.equal((await networks.subnets.get(other, 'moving', 'inner')).addressPrefix, '10.7.1.0/24');
      await assert.rejects(resources.resources.beginMoveResourcesAndWait(other, order, polling));
    });

    test('a group that is deleted takes everything with it', async () => {
      const { resourceGroups } = suite().sdk.resources;
      for (const name of [group, other]) {
        await resourceGroups.beginDeleteAndWait(name, polling);
        await assert.rejects(resourceGroups.get(name), { statusCode: 404, code: 'ResourceGroupNotFound' });
      }
      await assert.rejects(suite().sdk.networks.virtualNetworks.get(other, 'moving'), { statusCode: 404 });
    });
  });
}
