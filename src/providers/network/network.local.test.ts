import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { assignRole } from '../../identity/access/assign-role.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { ArmMethod, ArmReply, ResourceProvider } from '../resource-provider.ts';
import { send, testPrincipal } from '../testing/arm-request.ts';
import { bodyOf, codeOf, propertiesOf, valueOf } from '../testing/reply.ts';
import { openTestService, type TestService } from '../testing/service.ts';
import { createNetworkProvider } from './provider.ts';

const location = 'westus2';
const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';

test('a virtual network and its subnets are one thing written from two sides', async () => {
  await using network = await open();
  const made = await network.put('virtualNetworks/vnet', vnet(['10.0.0.0/16'], { build: '10.0.0.0/24' }));
  assert.equal(made.status, 201);
  assert.deepEqual(subnetNames(made), ['build']);
  assert.equal(typeof propertiesOf(made)['resourceGuid'], 'string');

  const subnet = await network.put('virtualNetworks/vnet/subnets/aci', subnetBody('10.0.1.0/24'));
  assert.equal(subnet.status, 201);
  assert.equal(propertiesOf(subnet)['provisioningState'], 'Succeeded');
  assert.equal(propertiesOf(subnet)['privateLinkServiceNetworkPolicies'], 'Enabled');
  const shown = await network.get('virtualNetworks/vnet');
  assert.deepEqual(subnetNames(shown), ['aci', 'build']);
  assert.equal(valueOf(await network.get('virtualNetworks/vnet/subnets')).length, 2);

  // az sends back what it got, with a change in it.
  const again = await network.put('virtualNetworks/vnet', bodyOf(shown));
  assert.equal(again.status, 200);
  assert.deepEqual(subnetNames(again), ['aci', 'build']);
  assert.equal(propertiesOf(again)['resourceGuid'], propertiesOf(made)['resourceGuid']);
  const fewer = await network.put('virtualNetworks/vnet', vnet(['10.0.0.0/16'], { build: '10.0.0.0/24' }));
  assert.deepEqual(subnetNames(fewer), ['build']);
  const none = await network.put('virtualNetworks/vnet', {
    location,
    properties: { addressSpace: { addressPrefixes: ['10.0.0.0/8'] } },
  });
  assert.deepEqual(subnetNames(none), ['build']);
  assert.equal((await network.ask('DELETE', 'virtualNetworks/vnet')).status, 200);
  assert.equal((await network.get('virtualNetworks/vnet/subnets/build')).status, 404);
});

test('the address plan is held on both sides, and a refused write changes nothing', async () => {
  await using network = await open();
  const code = async (path: string, body: object): Promise<string> => codeOf(await network.put(path, body));
  assert.equal(await code('virtualNetworks/v', vnet(['10.0.0.1/16'])), 'InvalidCIDRNotation');
  assert.equal(await code('virtualNetworks/v', vnet(['ten'])), 'InvalidAddressPrefixFormat');
  assert.equal(await code('virtualNetworks/v', vnet([])), 'InvalidRequestFormat');
  assert.equal(
    await code('virtualNetworks/v', vnet(['10.0.0.0/8', '10.1.0.0/16'])),
    'NetcfgInvalidVirtualNetworkSite',
  );
  assert.equal(
    await code('virtualNetworks/v', vnet(['10.0.0.0/16'], { a: '10.1.0.0/24' })),
    'NetcfgSubnetRangeOutsideVnet',
  );
  assert.equal((await network.get('virtualNetworks/v')).status, 404);
  assert.equal(await code('virtualNetworks/v', vnet(['10.0.0.0/16'], { a: '10.0.0.0/24' })), '');
  const subnet = async (prefix: string): Promise<string> =>
    code('virtualNetworks/v/subnets/b', subnetBody(prefix));
  assert.equal(await subnet('10.0.0.128/25'), 'NetcfgSubnetRangesOverlap');
  assert.equal(await subnet('10.0.1.0/30'), 'NetcfgInvalidSubnet');
  assert.equal((await network.get('virtualNetworks/v/subnets/b')).status, 404);
  assert.equal(await subnet('10.0.1.0/29'), '');
  assert.equal(
    await code('virtualNetworks/none/subnets/b', subnetBody('10.0.1.0/29')),
    'ParentResourceNotFound',
  );
  assert.equal(await code('virtualNetworks/v', vnet(['10.0.0.0/24'])), 'NetcfgSubnetRangeOutsideVnet');
});

test('an interface gets the first free address, keeps it, and holds its subnet', async () => {
  await using network = await open();
  await network.put('virtualNetworks/v', vnet(['10.0.0.0/16'], { build: '10.0.0.0/28' }));
  const subnet = network.id('virtualNetworks/v/subnets/build');
  await network.put('publicIPAddresses/ip', { location, sku: { name: 'Standard' }, properties: {} });
  const first = await network.put(
    'networkInterfaces/n1',
    nic(subnet, { publicIPAddress: { id: network.id('publicIPAddresses/ip') } }),
  );
  assert.equal(first.status, 201);
  assert.equal(addressOf(first), '10.0.0.4');
  assert.equal(addressOf(await network.put('networkInterfaces/n2', nic(subnet))), '10.0.0.5');
  assert.equal(
    addressOf(await network.put('networkInterfaces/n2', bodyOf(await network.get('networkInterfaces/n2')))),
    '10.0.0.5',
  );
  const fixed = async (privateIPAddress: string): Promise<string> =>
    codeOf(
      await network.put(
        'networkInterfaces/n3',
        nic(subnet, { privateIPAllocationMethod: 'Static', privateIPAddress }),
      ),
    );
  assert.equal(await fixed('10.0.0.5'), 'PrivateIPAddressIsAllocated');
  assert.equal(await fixed('10.0.1.5'), 'PrivateIPAddressNotInSubnet');
  assert.equal(await fixed('10.0.0.1'), 'PrivateIPAddressInReservedRange');
  assert.equal(await fixed('ten'), 'InvalidIPAddressFormat');
  assert.equal(await fixed('10.0.0.9'), '');

  const blocked = async (path: string): Promise<string> => codeOf(await network.ask('DELETE', path));
  assert.equal(await blocked('virtualNetworks/v'), 'InUseSubnetCannotBeDeleted');
  assert.equal(await blocked('virtualNetworks/v/subnets/build'), 'InUseSubnetCannotBeDeleted');
  assert.equal(await blocked('publicIPAddresses/ip'), 'PublicIPAddressCannotBeDeleted');
  for (const name of ['n1', 'n2', 'n3']) assert.equal(await blocked(`networkInterfaces/${name}`), '');
  assert.equal(await blocked('publicIPAddresses/ip'), '');
  assert.equal(await blocked('virtualNetworks/v'), '');
});

test('interfaces made at the same moment never share an address', async () => {
  await using network = await open();
  await network.put('virtualNetworks/v', vnet(['10.0.0.0/16'], { build: '10.0.0.0/24' }));
  const subnet = network.id('virtualNetworks/v/subnets/build');
  const replies = await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (name) => network.put(`networkInterfaces/nic-${name}`, nic(subnet))),
  );
  const made = replies.filter(({ status }) => status === 201).map(addressOf);
  assert.equal(new Set(made).size, made.length);
  assert.ok(made.length > 0);
  assert.ok(replies.every((reply) => reply.status === 201 || codeOf(reply) === 'RetryableError'));
});

test('a subnet or security group that is not there cannot be joined, nor one without the right to', async () => {
  await using network = await open();
  const none = network.id('networkSecurityGroups/none');
  const body = { properties: { addressPrefix: '10.0.0.0/24', networkSecurityGroup: { id: none } } };
  await network.put('virtualNetworks/v', vnet(['10.0.0.0/16'], { build: '10.0.0.0/24' }));
  assert.equal(
    codeOf(await network.put('virtualNetworks/v/subnets/build', body)),
    'InvalidResourceReference',
  );
  const stranger = { ...testPrincipal, objectId: '99999999-9999-9999-9999-999999999999' };
  const subnet = network.id('virtualNetworks/v/subnets/build');
  const refused = await send(network.provider, 'PUT', network.id('networkInterfaces/n'), {
    body: nic(subnet),
    principal: stranger,
  });
  assert.equal(codeOf(refused), 'LinkedAuthorizationFailed');
});

test('security groups hold their rules, their defaults and whoever uses them', async () => {
  await using network = await open();
  const made = await network.put('networkSecurityGroups/nsg', {
    location,
    properties: { securityRules: [{ name: 'ssh', properties: rule(100) }] },
  });
  assert.equal(made.status, 201);
  const { securityRules, defaultSecurityRules } = propertiesOf(made);
  assert.ok(Array.isArray(securityRules) && Array.isArray(defaultSecurityRules));
  assert.deepEqual([securityRules.length, defaultSecurityRules.length], [1, 6]);
  const put = async (name: string, properties: object): Promise<string> =>
    codeOf(await network.put(`networkSecurityGroups/nsg/securityRules/${name}`, { properties }));
  assert.equal(await put('other', rule(100)), 'SecurityRuleConflict');
  assert.equal(await put('other', { ...rule(100), direction: 'Outbound' }), '');
  assert.equal(
    await put('third', { ...rule(200), destinationPortRange: '70000' }),
    'SecurityRuleInvalidPortRange',
  );
  assert.equal(
    await put('third', { ...rule(200), sourceAddressPrefix: null }),
    'SecurityRuleParameterMissing',
  );
  assert.equal(await put('third', { ...rule(200), priority: 5000 }), 'InvalidRequestContent');
  assert.equal(valueOf(await network.get('networkSecurityGroups/nsg/securityRules')).length, 2);

  const group = { id: network.id('networkSecurityGroups/nsg') };
  const subnet = { properties: { addressPrefix: '10.0.0.0/24', networkSecurityGroup: group } };
  await network.put('virtualNetworks/v', vnet(['10.0.0.0/16']));
  assert.equal((await network.put('virtualNetworks/v/subnets/build', subnet)).status, 201);
  assert.equal(
    codeOf(await network.ask('DELETE', 'networkSecurityGroups/nsg')),
    'InUseNetworkSecurityGroupCannotBeDeleted',
  );
});

test('names that Azure refuses are refused', async () => {
  await using network = await open();
  for (const name of ['-a', 'a-', 'a.', 'x'.repeat(81)]) {
    assert.equal(
      codeOf(await network.put(`networkSecurityGroups/${name}`, { location })),
      'InvalidResourceName',
      name,
    );
  }
});

interface TestNetwork extends AsyncDisposable {
  readonly service: TestService;
  readonly provider: ResourceProvider;
  readonly id: (path: string) => string;
  readonly ask: (method: ArmMethod, path: string, body?: object) => Promise<ArmReply>;
  readonly put: (path: string, body: object) => Promise<ArmReply>;
  readonly get: (path: string) => Promise<ArmReply>;
}

async function open(): Promise<TestNetwork> {
  const service = await openTestService();
  const { store, access, now } = service;
  await assignRole(store.resources, {
    ...{ scope: '/', role: owner, principalId: testPrincipal.objectId, principalType: 'ServicePrincipal' },
    ...{ by: testPrincipal, now: now() },
  });
  const provider = createNetworkProvider({ store, access, now, newId: randomUUID });
  const group = await service.group('net');
  const id = (path: string): string => `${group}/providers/Microsoft.Network/${path}`;
  const ask: TestNetwork['ask'] = async (method, path, body) => send(provider, method, id(path), { body });
  return {
    ...{ service, provider, id, ask },
    put: async (path, body) => ask('PUT', path, body),
    get: async (path) => ask('GET', path),
    [Symbol.asyncDispose]: async () => service[Symbol.asyncDispose](),
  };
}

function vnet(addressPrefixes: readonly string[], subnets: Readonly<Record<string, string>> = {}): object {
  const inside = Object.entries(subnets).map(([name, addressPrefix]) => ({
    name,
    properties: { addressPrefix },
  }));
  return {
    location,
    properties: { addressSpace: { addressPrefixes }, ...(inside.length === 0 ? {} : { subnets: inside }) },
  };
}

function subnetBody(addressPrefix: string): object {
  return { properties: { addressPrefix } };
}

function nic(subnetId: string, properties: object = {}): object {
  return {
    location,
    properties: {
      ipConfigurations: [{ name: 'ipconfig1', properties: { subnet: { id: subnetId }, ...properties } }],
    },
  };
}

function rule(priority: number): object {
  return {
    ...{ priority, direction: 'Inbound', access: 'Allow', protocol: 'tcp' },
    ...{ sourceAddressPrefix: '*', sourcePortRange: '*' },
    ...{ destinationAddressPrefix: '*', destinationPortRange: '22' },
  };
}

function subnetNames(reply: ArmReply): readonly unknown[] {
  const { subnets } = propertiesOf(reply);
  return Array.isArray(subnets) ? subnets.filter(isJsonObject).map(({ name }) => name) : [];
}

function addressOf(reply: ArmReply): unknown {
  const { ipConfigurations } = propertiesOf(reply);
  const first: JsonObject | undefined = Array.isArray(ipConfigurations)
    ? ipConfigurations.filter(isJsonObject)[0]
    : undefined;
  const properties = first?.['properties'];
  return isJsonObject(properties) ? properties['privateIPAddress'] : undefined;
}
