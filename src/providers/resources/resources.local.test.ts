import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { assignRole } from '../../identity/access/assign-role.ts';
import { createManagedIdentityProvider } from '../managed-identity/provider.ts';
import { createNetworkProvider } from '../network/provider.ts';
import { send, testPrincipal } from '../testing/arm-request.ts';
import { bodyOf, codeOf, messageOf, propertiesOf, valueOf } from '../testing/reply.ts';
import { openTestService, subscription, type TestService } from '../testing/service.ts';
import { lockAgainst } from './locks.ts';

const location = 'westus2';
const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
const identityType = 'providers/Microsoft.ManagedIdentity/userAssignedIdentities';
const vnetType = 'providers/Microsoft.Network/virtualNetworks';

test('the lists of all resources show what has a place, by type, tag, name and group', async () => {
  await using service = await openTestService();
  const { one, two } = await fill(service);
  const names = async (path: string, filter = ''): Promise<readonly unknown[]> =>
    valueOf(
      await send(service.resources, 'GET', `${path}/resources?$filter=${encodeURIComponent(filter)}`),
    ).map(({ name }) => name);
  assert.deepEqual(await names(subscription), ['builder', 'net', 'builder']);
  assert.deepEqual(await names(one), ['builder', 'net']);
  assert.deepEqual(await names(two), ['builder']);
  assert.deepEqual(await names(subscription, "resourceType eq 'Microsoft.Network/virtualNetworks'"), ['net']);
  assert.deepEqual(await names(subscription, "tagName eq 'env' and tagValue eq 'test'"), ['net']);
  assert.deepEqual(await names(one, "resourceGroup eq 'two'"), []);
  assert.deepEqual(await names(subscription, "substringof('uild', name)"), ['builder', 'builder']);

  const path = `${subscription}/resources?$top=1&$expand=createdTime,provisioningState`;
  const first = await send(service.resources, 'GET', path);
  const { nextLink } = bodyOf(first);
  assert.ok(typeof nextLink === 'string');
  assert.equal(valueOf(first).length, 1);
  assert.equal(valueOf(first)[0]?.['provisioningState'], 'Succeeded');
  const { pathname, search } = new URL(nextLink);
  const second = await send(service.resources, 'GET', `${pathname}${search}`);
  assert.deepEqual(
    valueOf(second).map(({ name }) => name),
    ['net'],
  );
  assert.equal(
    codeOf(await send(service.resources, 'GET', `${subscription}/resourceGroups/none/resources`)),
    'ResourceGroupNotFound',
  );
});

test('tags of a resource, a group and a subscription are read, merged, deleted and replaced', async () => {
  await using service = await openTestService();
  const { one } = await fill(service);
  for (const scope of [`${one}/${vnetType}/net`, one, subscription]) {
    const path = `${scope}/providers/Microsoft.Resources/tags/default`;
    const ask = async (operation: string, tags: object) =>
      propertiesOf(
        await send(service.resources, 'PATCH', path, { body: { operation, properties: { tags } } }),
      )['tags'];
    assert.deepEqual(await ask('Replace', { Env: 'prod', team: 'a' }), { Env: 'prod', team: 'a' });
    assert.deepEqual(await ask('Merge', { env: 'dev', cost: '1' }), { Env: 'dev', team: 'a', cost: '1' });
    assert.deepEqual(await ask('Delete', { ENV: 'dev', team: 'other' }), { team: 'a', cost: '1' });
    assert.deepEqual(propertiesOf(await send(service.resources, 'GET', path))['tags'], {
      team: 'a',
      cost: '1',
    });
    assert.equal(
      (await send(service.resources, 'PUT', path, { body: { properties: { tags: { x: 'y' } } } })).status,
      200,
    );
    assert.equal((await send(service.resources, 'DELETE', path)).status, 200);
    assert.deepEqual(propertiesOf(await send(service.resources, 'GET', path))['tags'], {});
  }
  const none = `${one}/${vnetType}/none/providers/Microsoft.Resources/tags/default`;
  assert.equal(codeOf(await send(service.resources, 'GET', none)), 'ResourceNotFound');
});

test('a merge that passes the limits of tags is refused', async () => {
  await using service = await openTestService();
  const group = await service.group('one');
  const path = `${group}/providers/Microsoft.Resources/tags/default`;
  const many = (from: number): object =>
    Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`t${from + at}`, 'x']));
  const merge = async (tags: object) =>
    send(service.resources, 'PATCH', path, { body: { operation: 'Merge', properties: { tags } } });
  assert.equal((await merge(many(0))).status, 200);
  assert.equal(codeOf(await merge(many(30))), 'InvalidRequestContent');
});

test('locks forbid deletes and writes below them, and a group with a locked resource cannot be deleted', async () => {
  await using service = await openTestService();
  const { one } = await fill(service);
  const net = `${one}/${vnetType}/net`;
  const lock = async (scope: string, level: string): Promise<number> => {
    const path = `${scope}/providers/Microsoft.Authorization/locks/keep`;
    return (await send(service.authorization, 'PUT', path, { body: { properties: { level, notes: 'why' } } }))
      .status;
  };
  const forbidden = async (
    id: string,
    method: 'PUT' | 'DELETE' | 'POST' | 'GET',
  ): Promise<string | undefined> => (await lockAgainst(service.store, id, method))?.scope;
  assert.equal(await lock(net, 'CanNotDelete'), 201);
  assert.equal(await forbidden(net, 'DELETE'), net);
  assert.equal(await forbidden(net.toLowerCase(), 'DELETE'), net);
  assert.equal(await forbidden(`${net}/subnets/a`, 'DELETE'), net);
  assert.equal(await forbidden(one, 'DELETE'), net);
  assert.equal(await forbidden(net, 'PUT'), undefined);
  assert.equal(await forbidden(`${net}2`, 'DELETE'), undefined);
  assert.equal(await lock(one, 'ReadOnly'), 201);
  assert.equal(await forbidden(`${net}/subnets/a`, 'PUT'), one);
  assert.equal(await forbidden(net, 'POST'), one);
  assert.equal(await forbidden(net, 'GET'), undefined);
  assert.equal(await forbidden(`${one}/providers/Microsoft.Authorization/locks/keep`, 'DELETE'), undefined);
  assert.equal(await lock(one, 'Maybe'), 400);

  const list = async (scope: string, filter = ''): Promise<number> =>
    valueOf(
      await send(service.authorization, 'GET', `${scope}/providers/Microsoft.Authorization/locks${filter}`),
    ).length;
  assert.equal(await list(subscription), 2);
  assert.equal(await list(one, '?$filter=atScope()'), 1);
  assert.equal(await list(net), 2);
  const gone = await send(
    service.authorization,
    'DELETE',
    `${one}/providers/Microsoft.Authorization/locks/keep`,
  );
  assert.equal(gone.status, 200);
  assert.equal(await forbidden(net, 'PUT'), undefined);
});

test('a network moves with its subnets and whoever names it, and image templates stay', async () => {
  await using service = await openTestService();
  const { one, two, network } = await fill(service);
  const subnet = `${one}/${vnetType}/net/subnets/build`;
  const nic = `${two}/providers/Microsoft.Network/networkInterfaces/nic`;
  const body = {
    location,
    properties: { ipConfigurations: [{ name: 'c', properties: { subnet: { id: subnet } } }] },
  };
  assert.equal((await send(network, 'PUT', nic, { body })).status, 201);
  const ask = async (action: string, resources: readonly string[]) =>
    send(service.resources, 'POST', `${one}/${action}`, { body: { resources, targetResourceGroup: two } });
  assert.equal((await ask('validateMoveResources', [`${one}/${vnetType}/net`])).status, 204);
  assert.equal((await send(network, 'GET', subnet)).status, 200);
  assert.equal((await ask('moveResources', [`${one}/${vnetType}/net`])).status, 204);
  assert.equal((await send(network, 'GET', subnet)).status, 404);
  assert.equal((await send(network, 'GET', `${two}/${vnetType}/net/subnets/build`)).status, 200);
  const shown = await send(network, 'GET', nic);
  assert.match(JSON.stringify(shown.body), new RegExp(`"${two}/${vnetType}/net/subnets/build"`));

  const template = `${one}/providers/Microsoft.VirtualMachineImages/imageTemplates/t`;
  await insertTemplate(service, template);
  const refused = await ask('moveResources', [template]);
  assert.equal(refused.status, 409);
  assert.equal(codeOf(refused), 'ResourceMoveNotSupported');
  assert.equal(
    messageOf(refused),
    "Resource move is not supported for resource types 'Microsoft.VirtualMachineImages/imageTemplates'.",
  );
  assert.equal(
    codeOf(await ask('moveResources', [`${one}/${identityType}/builder`])),
    'ResourceMoveConflict',
  );
  assert.equal(codeOf(await ask('moveResources', [`${one}/${identityType}/none`])), 'ResourceNotFound');
});

test('a move needs the right to write the target group', async () => {
  await using service = await openTestService();
  const { one, two } = await fill(service);
  const principal = { ...testPrincipal, objectId: '99999999-9999-9999-9999-999999999999' };
  const body = { resources: [`${one}/${vnetType}/net`], targetResourceGroup: two };
  const refused = await send(service.resources, 'POST', `${one}/moveResources`, { body, principal });
  assert.equal(codeOf(refused), 'LinkedAuthorizationFailed');
});

/** Groups `one` (an identity, a network) and `two` (an identity of the same name). */
async function fill(service: TestService) {
  const { store, access, now } = service;
  await assignRole(store.resources, {
    ...{ scope: '/', role: owner, principalId: testPrincipal.objectId, principalType: 'ServicePrincipal' },
    ...{ by: testPrincipal, now: now() },
  });
  const network = createNetworkProvider({ store, access, now, newId: randomUUID });
  const identities = createManagedIdentityProvider({ store, now, newId: randomUUID });
  const [one, two] = [await service.group('one'), await service.group('two')];
  const properties = {
    addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
    subnets: [{ name: 'build', properties: { addressPrefix: '10.0.0.0/24' } }],
  };
  const replies = [
    await send(network, 'PUT', `${one}/${vnetType}/net`, {
      body: { location, tags: { env: 'test' }, properties },
    }),
    await send(identities, 'PUT', `${one}/${identityType}/builder`, { body: { location } }),
    await send(identities, 'PUT', `${two}/${identityType}/builder`, { body: { location } }),
  ];
  assert.deepEqual(
    replies.map(({ status }) => status),
    [201, 201, 201],
  );
  return { one, two, network };
}

async function insertTemplate({ store, now }: TestService, id: string): Promise<void> {
  const at = now().toISOString();
  const inserted = await store.resources.insert({
    ...{
      id,
      name: 't',
      type: 'Microsoft.VirtualMachineImages/imageTemplates',
      subscriptionId: id.split('/')[2] ?? '',
    },
    ...{ resourceGroup: 'one', location, tags: {}, body: {}, secret: undefined },
    ...{
      createdAt: at,
      createdBy: 'x',
      createdByType: 'Application',
      changedAt: at,
      changedBy: 'x',
      changedByType: 'Application',
    },
  });
  assert.ok(inserted);
}
