import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceDraft } from '../../../store/records.ts';
import { send, testPrincipal } from '../../testing/arm-request.ts';
import { codeOf, valueOf } from '../../testing/reply.ts';
import { openTestService, subscription, type TestService } from '../../testing/service.ts';
import type { ArmReply, Dispatch } from '../../resource-provider.ts';
import { endOperation, startOperation } from '../../arm/long-running.ts';

const path = (name: string): string => `${subscription}/resourceGroups/${name}`;

test('a group is made, found in any case, tagged, listed by its tag and keeps its spelling', async () => {
  await using service = await openTestService();
  const { resources } = service;
  const body = { location: 'West US 2', tags: { env: 'test' } };
  const made = await send(resources, 'PUT', path('Images'), { body });
  assert.equal(made.status, 201);
  assert.deepEqual(made.body, {
    id: path('Images'),
    name: 'Images',
    type: 'Microsoft.Resources/resourceGroups',
    location: 'westus2',
    tags: { env: 'test' },
    properties: { provisioningState: 'Succeeded' },
  });
  const lower = `${subscription}/resourcegroups/images`;
  assert.deepEqual((await send(resources, 'GET', lower)).body, made.body);
  assert.equal((await send(resources, 'HEAD', lower)).status, 204);
  assert.equal((await send(resources, 'HEAD', path('none'))).status, 404);
  assert.equal((await send(resources, 'PUT', lower, { body })).status, 200);
  assert.equal((await send(resources, 'PATCH', lower, { body: { tags: { env: 'prod' } } })).status, 200);
  const list = async (filter: string): Promise<readonly unknown[]> => {
    const reply = await send(
      resources,
      'GET',
      `${subscription}/resourcegroups?$filter=${encodeURIComponent(filter)}`,
    );
    return valueOf(reply).map(({ name }) => name);
  };
  assert.deepEqual(await list(''), ['Images']);
  assert.deepEqual(await list("tagName eq 'Env' and tagValue eq 'prod'"), ['Images']);
  assert.deepEqual(await list("tagName eq 'env' and tagValue eq 'test'"), []);
});

test('names, places and missing groups are refused in the words of Azure', async () => {
  await using service = await openTestService();
  await service.group('images');
  const put = async (name: string, body: object): Promise<string> =>
    codeOf(await send(service.resources, 'PUT', path(encodeURIComponent(name)), { body }));
  assert.equal(await put('images', { location: 'eastus' }), 'InvalidResourceGroupLocation');
  assert.equal(await put('new', {}), 'LocationRequired');
  assert.equal(await put('new', { location: 'moon' }), 'LocationNotAvailableForResourceType');
  assert.equal(await put('a b', { location: 'eastus' }), 'InvalidResourceGroup');
  assert.equal(await put('dot.', { location: 'eastus' }), 'InvalidResourceGroup');
  assert.equal(await put('x'.repeat(91), { location: 'eastus' }), 'InvalidResourceGroup');
  assert.equal(codeOf(await send(service.resources, 'GET', path('none'))), 'ResourceGroupNotFound');
});

test('deleting a group deletes what is in it, children first, and tells the operation when it is gone', async () => {
  const asked: string[] = [];
  await using service = await openTestService({ dispatch: removing(() => service, asked) });
  const group = await service.group('images');
  const vnet = `${group}/providers/Microsoft.Network/virtualNetworks/v`;
  await insert(service, vnet, `${vnet}/subnets/s`, `${group}/providers/Microsoft.Compute/images/i`);
  await insert(service, `${group}/providers/Microsoft.Authorization/roleAssignments/r`);
  await using _worker = await started(service);
  const accepted = await send(service.resources, 'DELETE', group);
  assert.equal(accepted.status, 202);
  const operation = operationOf(accepted);
  assert.equal((await until(service, operation)).status, 'Succeeded');
  assert.equal(await service.store.resources.get(group), undefined);
  assert.equal(await service.store.resources.count({ under: group }), 0);
  assert.equal(asked[0], `${vnet}/subnets/s`);
  assert.equal(asked.includes(`${group}/providers/Microsoft.Authorization/roleAssignments/r`), false);
});

test('a group that is going takes no writes, and a second deletion follows the first', async () => {
  await using service = await openTestService();
  const group = await service.group('images');
  const first = await send(service.resources, 'DELETE', group);
  const second = await send(service.resources, 'DELETE', group);
  assert.equal(operationOf(second), operationOf(first));
  const put = await send(service.resources, 'PUT', group, { body: { location: 'westus2' } });
  assert.equal(codeOf(put), 'ResourceGroupBeingDeleted');
  const shown = await send(service.resources, 'GET', group);
  assert.match(JSON.stringify(shown.body), /"provisioningState":"Deleting"/);
});

test('a resource that is deleted in its own time is waited for', async () => {
  let calls = 0;
  await using service = await openTestService({
    dispatch: async (request) => {
      calls += 1;
      const { store } = service;
      const operation = await startOperation(
        store,
        { target: { ...target, id: request.path } },
        {
          namespace: 'Microsoft.Compute',
          location: 'westus2',
          resourceId: request.path,
          kind: 'images/delete',
        },
      );
      setTimeout(() => {
        void store.resources
          .remove(request.path)
          .then(async () => endOperation(store, operation.id, { status: 'Succeeded' }));
      }, 200);
      return { status: 202 };
    },
  });
  const group = await service.group('images');
  await insert(service, `${group}/providers/Microsoft.Compute/images/i`);
  await using _worker = await started(service);
  const accepted = await send(service.resources, 'DELETE', group);
  assert.equal((await until(service, operationOf(accepted))).status, 'Succeeded');
  assert.equal(calls, 1);
});

test('what cannot be deleted keeps its group, and the operation says why', async () => {
  await using service = await openTestService({
    dispatch: async () => ({ status: 409, body: { error: { code: 'InUse', message: 'It is in use.' } } }),
  });
  const group = await service.group('images');
  const image = `${group}/providers/Microsoft.Compute/images/i`;
  await insert(service, image);
  await using _worker = await started(service);
  const accepted = await send(service.resources, 'DELETE', group);
  const { status, error } = await until(service, operationOf(accepted));
  assert.equal(status, 'Failed');
  assert.equal(error?.code, 'ResourceGroupDeletionBlocked');
  assert.deepEqual(error?.details, [{ code: 'InUse', message: 'It is in use.', target: image }]);
  const shown = await send(service.resources, 'GET', group);
  assert.match(JSON.stringify(shown.body), /"provisioningState":"Succeeded"/);
});

const target = {
  ...{ id: '', subscriptionId: subscription.split('/')[2], resourceGroup: 'images', namespace: 'x' },
  ...{ types: [], names: [], scope: undefined },
};

function removing(service: () => TestService, asked: string[]): Dispatch {
  return async ({ path: id }) => {
    asked.push(id);
    await service().store.resources.remove(id);
    return { status: 200 };
  };
}

async function started(service: TestService): Promise<AsyncDisposable> {
  const worker = await service.resources.start();
  return { [Symbol.asyncDispose]: async () => worker.stop(5_000) };
}

async function insert({ store, now }: TestService, ...ids: readonly string[]): Promise<void> {
  const at = now().toISOString();
  for (const id of ids) {
    const parts = (id.split('/providers/')[1] ?? '').split('/');
    const draft: ResourceDraft = {
      ...{ id, name: id.split('/').at(-1) ?? '', subscriptionId: id.split('/')[2] ?? '' },
      type: [parts[0], ...parts.filter((_, index) => index % 2 === 1)].join('/'),
      ...{ resourceGroup: id.split('/')[4], location: 'westus2', tags: {}, body: {}, secret: undefined },
      ...{ createdAt: at, createdBy: testPrincipal.name, createdByType: testPrincipal.type },
      ...{ changedAt: at, changedBy: testPrincipal.name, changedByType: testPrincipal.type },
    };
    assert.notEqual(await store.resources.insert(draft), undefined);
  }
}

async function until({ store }: TestService, id: string) {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const look = async (): Promise<void> => {
    if ((await store.operations.get(id))?.status !== 'InProgress') resolve(undefined);
  };
  const stop = store.subscribe('operations', (key) => {
    if (key === id) void look();
  });
  await look();
  await promise;
  stop();
  const ended = await store.operations.get(id);
  assert.ok(ended);
  return ended;
}

function operationOf({ headers }: ArmReply): string {
  return new URL(headers?.['Location'] ?? '').pathname.split('/').at(-1) ?? '';
}
