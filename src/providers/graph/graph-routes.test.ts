import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isJsonObject } from '../../model/json.ts';
import type { DirectoryObject } from './directory.ts';
import { graphRoutes } from './graph-routes.ts';

const pipeline: DirectoryObject = {
  objectId: 'aaaaaaaa-0000-0000-0000-000000000001',
  appId: 'aaaaaaaa-0000-0000-0000-000000000002',
  displayName: "the builder's",
  kind: 'ManagedIdentity',
};
const objects = [pipeline, { ...pipeline, objectId: 'b', appId: 'c', displayName: 'other' }];
const app = graphRoutes({
  directory: {
    list: async () => objects,
    find: async (id) => objects.find(({ objectId }) => objectId === id),
  },
  isAllowed: async (authorization) => authorization === 'Bearer good',
});

test('an application is found by the name that az knows', async () => {
  const filter = `servicePrincipalNames/any(c:c eq '${pipeline.appId}')`;
  const { status, value } = await get(`/servicePrincipals?$filter=${encodeURIComponent(filter)}`);
  assert.equal(status, 200);
  assert.deepEqual(
    value.map(({ id }) => id),
    [pipeline.objectId],
  );
  assert.deepEqual(value[0]?.['servicePrincipalNames'], [pipeline.appId]);
});

test('other filters find what they name and unknown ones are refused', async () => {
  const ids = async (filter: string): Promise<readonly unknown[]> =>
    (await get(`/servicePrincipals?$filter=${encodeURIComponent(filter)}`)).value.map(({ id }) => id);
  assert.deepEqual(await ids("displayName eq 'the builder''s'"), [pipeline.objectId]);
  assert.deepEqual(await ids("startswith(displayName,'oth')"), ['b']);
  assert.deepEqual(await ids("appId eq 'c'"), ['b']);
  assert.deepEqual(await ids("id eq 'none'"), []);
  assert.equal((await get('/servicePrincipals?$filter=tags')).status, 400);
});

test('objects are told apart by id, with the type that becomes the principal type of an assignment', async () => {
  const body = JSON.stringify({
    ids: [pipeline.objectId.toUpperCase(), 'x'],
    types: ['user', 'servicePrincipal'],
  });
  const { value } = await ask(
    new Request('https://graph.test/directoryObjects/getByIds', { method: 'POST', body }),
  );
  assert.deepEqual(
    value.map((object) => object['@odata.type']),
    ['#microsoft.graph.servicePrincipal'],
  );
  assert.equal((await get(`/servicePrincipals/${pipeline.objectId}`)).status, 200);
  assert.equal((await get('/servicePrincipals/none')).status, 404);
});

for (const body of ['', '{', '[]', '{"ids":"x"}', `{"ids":["${'x'.repeat(300_000)}"]}`]) {
  test(`a body that is no list of ids is refused: ${body.slice(0, 20)}`, async () => {
    const request = new Request('https://graph.test/directoryObjects/getByIds', { method: 'POST', body });
    assert.equal((await ask(request)).status, 400);
  });
}

test('users and groups are empty lists, everything else is not there', async () => {
  assert.deepEqual((await get('/users')).value, []);
  assert.deepEqual((await get('/groups')).value, []);
  assert.equal((await get('/me')).status, 404);
});

test('nobody asks the directory without a token', async () => {
  const response = await app.fetch(new Request('https://graph.test/servicePrincipals'));
  assert.equal(response.status, 401);
});

async function get(path: string) {
  return ask(new Request(`https://graph.test${path}`));
}

async function ask(request: Request) {
  request.headers.set('authorization', 'Bearer good');
  const response = await app.fetch(request);
  const body: unknown = await response.json();
  const value = isJsonObject(body) && Array.isArray(body['value']) ? body['value'].filter(isJsonObject) : [];
  return { status: response.status, value };
}
