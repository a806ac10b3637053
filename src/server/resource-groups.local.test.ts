/** Resource groups through the whole app: what the server and the providers have to say to each other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAccessCheck } from '../identity/access/access-check.ts';
import { createManagedIdentityProvider } from '../providers/managed-identity/provider.ts';
import type { Dispatch } from '../providers/resource-provider.ts';
import { createResourcesProvider, type ResourcesProvider } from '../providers/resources/provider.ts';
import { openTestApp, type TestApp } from './testing/test-app.ts';

const version = 'api-version=2021-04-01';
const group = '/subscriptions/{s}/resourceGroups/images';
const identity = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder?api-version=2023-01-31`;
const body = { location: 'westus2' };

test('a group is deleted with what is in it, and takes no writes meanwhile', async () => {
  const late: { app?: TestApp; resources?: ResourcesProvider } = {};
  const now = (): Date => new Date();
  await using app = await openTestApp({
    providers: (store) => {
      const dispatch: Dispatch = async (request) => started(late.app).app.dispatch(request);
      const access = createAccessCheck({ store });
      const resources = createResourcesProvider({ store, access, dispatch, now, deletionSliceMs: 100 });
      late.resources = resources;
      return [resources, createManagedIdentityProvider({ store, now, newId: () => crypto.randomUUID() })];
    },
  });
  late.app = app;
  assert.equal((await app.send('PUT', identity, { body })).code, 'ResourceGroupNotFound');
  assert.equal((await app.send('PUT', `${group}?${version}`, { body })).status, 201);
  assert.equal((await app.send('PUT', identity, { body })).status, 201);
  assert.equal((await app.send('HEAD', `${group}?${version}`)).status, 204);

  const accepted = await app.send('DELETE', `${group}?${version}`);
  assert.equal(accepted.status, 202);
  assert.equal((await app.send('PUT', identity, { body })).code, 'ResourceGroupBeingDeleted');
  const location = new URL(accepted.headers.get('location') ?? '');
  const result = async () => app.send('GET', `${location.pathname}${location.search}`);
  assert.equal((await result()).status, 202);

  const gone = Promise.withResolvers<undefined>();
  const stop = app.store.subscribe('operations', () => {
    void result().then(({ status }) => (status === 204 ? gone.resolve(undefined) : undefined));
  });
  const worker = await started(late.resources).start();
  await gone.promise;
  stop();
  await worker.stop(5_000);
  assert.equal((await app.send('GET', `${group}?${version}`)).code, 'ResourceGroupNotFound');
  assert.equal(await app.store.resources.count({ under: group.replace('{s}', app.subscriptionId) }), 0);
});

test('doubled slashes count as one, as az sends them for resources without a parent', async () => {
  await using app = await openTestApp({
    providers: (store) => [
      createManagedIdentityProvider({ store, now: () => new Date(), newId: () => crypto.randomUUID() }),
    ],
  });
  const none = await app.send('GET', identity.replace('/userAssigned', '//userAssigned'));
  assert.equal(none.code, 'ResourceGroupNotFound');
});

function started<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}
