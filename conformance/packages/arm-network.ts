/** Networks with `@azure/arm-network`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { polling } from '../sdk.ts';
import { location } from '../templates.ts';
import { namesOf, type SdkSuite } from './suite.ts';

const group = 'networks';

export function describeNetworks(suite: () => SdkSuite): void {
  describe('@azure/arm-network', () => {
    test('a virtual network has subnets that fit into it', async () => {
      const { resources, networks } = suite().sdk;
      await resources.resourceGroups.createOrUpdate(group, { location });
      const { virtualNetworks, subnets } = networks;
      const made = await virtualNetworks.beginCreateOrUpdateAndWait(group, 'net', {
        ...{ location, addressSpace: { addressPrefixes: ['10.20.0.0/16'] } },
        subnets: [{ name: 'first', addressPrefix: '10.20.1.0/24' }],
      });
      assert.equal(made.provisioningState, 'Succeeded');
      const second = { addressPrefix: '10.20.2.0/24' };
      await subnets.beginCreateOrUpdateAndWait(group, 'net', 'second', second, polling);
      assert.equal((await subnets.get(group, 'net', 'second')).addressPrefix, '10.20.2.0/24');
      assert.deepEqual(await namesOf(subnets.list(group, 'net')), ['first', 'second']);
      for (const addressPrefix of ['10.20.2.128/25', '10.99.0.0/24']) {
        await assert.rejects(
          subnets.beginCreateOrUpdateAndWait(group, 'net', 'third', { addressPrefix }, polling),
          { statusCode: 400, code: /^Netcfg/ },
        );
      }
      await virtualNetworks.updateTags(group, 'net', { tags: { a: 'b' } });
      const read = await virtualNetworks.get(group, 'net');
      assert.deepEqual([read.tags, read.subnets?.length], [{ a: 'b' }, 2]);
      assert.deepEqual(await namesOf(virtualNetworks.list(group)), ['net']);
      assert.ok((await namesOf(virtualNetworks.listAll())).includes('net'));
    });

    test('a security group has rules of its own beside those that every group has', async () => {
      const { networkSecurityGroups, securityRules } = suite().sdk.networks;
      const ssh = {
        ...{ access: 'Allow', direction: 'Inbound', priority: 300, protocol: 'Tcp' },
        ...{ sourceAddressPrefix: '*', sourcePortRange: '*' },
        ...{ destinationAddressPrefix: '*', destinationPortRange: '22' },
      };
      const made = await networkSecurityGroups.beginCreateOrUpdateAndWait(group, 'guard', { location });
      assert.equal(made.defaultSecurityRules?.length, 6);
      await securityRules.beginCreateOrUpdateAndWait(group, 'guard', 'ssh', ssh, polling);
      assert.equal((await securityRules.get(group, 'guard', 'ssh')).destinationPortRange, '22');
      await assert.rejects(securityRules.beginCreateOrUpdateAndWait(group, 'guard', 'same', ssh, polling), {
        code: 'SecurityRuleConflict',
      });
      assert.deepEqual(await namesOf(securityRules.list(group, 'guard')), ['ssh']);
      await networkSecurityGroups.updateTags(group, 'guard', { tags: { c: 'd' } });
      const read = await networkSecurityGroups.get(group, 'guard');
      assert.deepEqual([read.tags, read.securityRules?.[0]?.name], [{ c: 'd' }, 'ssh']);
      assert.deepEqual(await namesOf(networkSecurityGroups.list(group)), ['guard']);
      assert.ok((await namesOf(networkSecurityGroups.listAll())).includes('guard'));
      await securityRules.beginDeleteAndWait(group, 'guard', 'ssh', polling);
      assert.deepEqual(await namesOf(securityRules.list(group, 'guard')), []);
    });

    test('an interface gets an address of its subnet, and what it uses stays', async () => {
      const { networks } = suite().sdk;
      const { networkInterfaces, publicIPAddresses, subnets, networkSecurityGroups } = networks;
      const ip = await publicIPAddresses.beginCreateOrUpdateAndWait(group, 'ip', {
        ...{ location, sku: { name: 'Standard' }, publicIPAllocationMethod: 'Static' },
      });
      assert.equal(ip.publicIPAddressVersion, 'IPv4');
      await publicIPAddresses.updateTags(group, 'ip', { tags: { e: 'f' } });
      const subnet = await subnets.get(group, 'net', 'first');
      const guard = await networkSecurityGroups.get(group, 'guard');
      const made = await networkInterfaces.beginCreateOrUpdateAndWait(group, 'nic', {
        ...{ location, networkSecurityGroup: { id: guard.id ?? '' } },
        ipConfigurations: [
          { name: 'one', subnet: { id: subnet.id ?? '' }, publicIPAddress: { id: ip.id ?? '' } },
        ],
      });
      assert.equal(
        made.ipConfigurations?.[0]?.privateIPAddress,
        '10.20.1.4',
        'the first that Azure gives out',
      );
      await networkInterfaces.updateTags(group, 'nic', { tags: { g: 'h' } });
      assert.deepEqual((await networkInterfaces.get(group, 'nic')).tags, { g: 'h' });
      assert.deepEqual(await namesOf(networkInterfaces.list(group)), ['nic']);
      assert.ok((await namesOf(networkInterfaces.listAll())).includes('nic'));

      await assert.rejects(subnets.beginDeleteAndWait(group, 'net', 'first', polling), {
        code: 'InUseSubnetCannotBeDeleted',
      });
      await assert.rejects(publicIPAddresses.beginDeleteAndWait(group, 'ip', polling), {
        code: 'PublicIPAddressCannotBeDeleted',
      });
      await assert.rejects(networkSecurityGroups.beginDeleteAndWait(group, 'guard', polling), {
        statusCode: 400,
      });
      await networkInterfaces.beginDeleteAndWait(group, 'nic', polling);
      assert.deepEqual((await publicIPAddresses.get(group, 'ip')).tags, { e: 'f' });
      assert.deepEqual(await namesOf(publicIPAddresses.list(group)), ['ip']);
      assert.ok((await namesOf(publicIPAddresses.listAll())).includes('ip'));
    });

    test('everything that nobody uses is deleted', async () => {
      const { resources, networks } = suite().sdk;
      await networks.publicIPAddresses.beginDeleteAndWait(group, 'ip', polling);
      await networks.subnets.beginDeleteAndWait(group, 'net', 'first', polling);
      await networks.virtualNetworks.beginDeleteAndWait(group, 'net', polling);
      await networks.networkSecurityGroups.beginDeleteAndWait(group, 'guard', polling);
      assert.deepEqual(await namesOf(resources.resources.listByResourceGroup(group)), []);
      await assert.rejects(networks.subnets.get(group, 'net', 'second'), { statusCode: 404 });
      await resources.resourceGroups.beginDeleteAndWait(group, polling);
    });
  });
}
