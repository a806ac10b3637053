import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { createDirectory } from '../graph/directory.ts';
import { send, testTenant } from '../testing/arm-request.ts';
import { bodyOf, codeOf, propertiesOf, valueOf } from '../testing/reply.ts';
import { openTestService, subscription, type TestService } from '../testing/service.ts';
import { createManagedIdentityProvider } from './provider.ts';

const type = 'providers/Microsoft.ManagedIdentity/userAssignedIdentities';

test('an identity gets its ids once, keeps them through writes and can be given roles', async () => {
  await using service = await openTestService();
  const provider = providerOf(service);
  const group = await service.group('images');
  const id = `${group}/${type}/builder`;
  const made = await send(provider, 'PUT', `${id}?api-version=2023-01-31`, { body: { location: 'westus2' } });
  assert.equal(made.status, 201);
  const { principalId, clientId, tenantId } = propertiesOf(made);
  assert.equal(tenantId, testTenant);
  assert.notEqual(principalId, clientId);
  assert.equal(bodyOf(made)['location'], 'westus2');

  const body = { location: 'westus2', tags: { a: 'b' }, properties: { principalId: 'mine' } };
  const again = await send(provider, 'PUT', id, { body });
  assert.equal(again.status, 200);
  assert.deepEqual(propertiesOf(again), { tenantId, principalId, clientId });
  const patched = await send(provider, 'PATCH', id, { body: { tags: { c: 'd' } } });
  assert.deepEqual([propertiesOf(patched), bodyOf(patched)['tags']], [propertiesOf(again), { c: 'd' }]);

  const directory = createDirectory({ store: service.store, applications: { list: async () => [] } });
  assert.ok(typeof principalId === 'string');
  assert.equal((await directory.find(principalId.toUpperCase()))?.displayName, 'builder');
  const list = `${subscription}/${type}`;
  assert.equal(valueOf(await send(provider, 'GET', list)).length, 1);
  assert.equal((await send(provider, 'DELETE', id)).status, 200);
  assert.equal((await send(provider, 'DELETE', id)).status, 204);
  assert.equal((await send(provider, 'GET', id)).status, 404);
});

test('names and places of identities are checked', async () => {
  await using service = await openTestService();
  const provider = providerOf(service);
  const group = await service.group('images');
  const put = async (name: string, body: object): Promise<string> =>
    codeOf(await send(provider, 'PUT', `${group}/${type}/${name}`, { body }));
  assert.equal(await put('ab', { location: 'westus2' }), 'InvalidResourceName');
  assert.equal(await put('abc', {}), 'LocationRequired');
  assert.equal(
    await put('abc', { location: 'westus2', properties: { isolationScope: 'World' } }),
    'InvalidRequestContent',
  );
});

function providerOf({ store, now }: TestService) {
  return createManagedIdentityProvider({ store, now, newId: randomUUID });
}
