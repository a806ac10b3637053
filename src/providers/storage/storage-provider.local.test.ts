import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { BlobServiceClient, ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { valueAt, type JsonPath } from '../../arm/json/json-path.ts';
import { openAzurite } from '../../store/blobs/azurite/azurite-blobs.ts';
import type { BlobService } from '../../store/blobs/blob-service.ts';
import type { Store } from '../../store/store.ts';
import { openMemoryStore } from '../../store/testing/memory-store.ts';
import type { ArmReply, ResourceProvider } from '../resource-provider.ts';
import { send, type RequestOptions } from '../testing/arm-request.ts';
import { openStoredAccounts } from './accounts.ts';
import { createStagingFiles } from './staging-files.ts';
import { createStorageProvider } from './storage-provider.ts';

const sub = '/subscriptions/77777777-7777-7777-7777-777777777777';
const accounts = `${sub}/resourceGroups/Rg/providers/Microsoft.Storage/storageAccounts`;
const body = { location: 'West Europe', kind: 'StorageV2', sku: { name: 'Standard_LRS' } };
const signal = AbortSignal.timeout(60_000);

let folder: string;
let store: Store;
let blobs: BlobService;
let provider: ResourceProvider;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'storage-provider-'));
  store = await openMemoryStore();
  blobs = await openAzurite({ folder, port: 0 });
  provider = createStorageProvider({ store, blobs, now: () => new Date() });
});

after(async () => {
  await blobs[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const ask = async (
  method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  options?: RequestOptions,
): Promise<ArmReply> => send(provider, method, `${path}?api-version=2023-05-01`, options);

test('an account that is made has endpoints, keys and no secrets in its answer', async () => {
  const made = await ask('PUT', `${accounts}/first`, { body: { ...body, tags: { a: 'b' } } });
  assert.equal(made.status, 200);
  const endpoint = at(made, 'properties', 'primaryEndpoints', 'blob');
  assert.equal(endpoint, `${blobs.accountEndpoint('first')}/`);
  assert.equal(at(made, 'properties', 'provisioningState'), 'Succeeded');
  assert.equal(at(made, 'location'), 'westeurope');
  assert.deepEqual(at(made, 'tags'), { a: 'b' });
  const keys = keysIn(await ask('POST', `${accounts}/FIRST/listKeys`));
  for (const key of keys) {
    assert.ok(!JSON.stringify(made.body).includes(key));
    assert.deepEqual(await containersWith('first', key), []);
  }
});

test('a key that is made anew opens the account and the old one does not', async () => {
  await ask('PUT', `${accounts}/second`, { body });
  const old = keysIn(await ask('POST', `${accounts}/second/listKeys`));
  const change = { body: { keyName: 'key1' } };
  const fresh = keysIn(await ask('POST', `${accounts}/second/regenerateKey`, change));
  assert.notEqual(fresh[0], old[0]);
  assert.equal(fresh[1], old[1]);
  await assert.rejects(containersWith('second', old[0]), { statusCode: 403 });
  assert.deepEqual(await containersWith('second', fresh[0]), []);
  const bad = await ask('POST', `${accounts}/second/regenerateKey`, { body: { keyName: 'key3' } });
  assert.equal(bad.status, 400);
});

test('settings that a second PUT or a PATCH does not name stay', async () => {
  await ask('PUT', `${accounts}/third`, { body: { ...body, properties: { allowBlobPublicAccess: true } } });
  await ask('PUT', `${accounts}/third`, { body: { ...body, properties: { accessTier: 'Cool' } } });
  const patch = { tags: { x: 'y' }, properties: { minimumTlsVersion: 'TLS1_3' } };
  const patched = await ask('PATCH', `${accounts}/third`, { body: patch });
  assert.equal(at(patched, 'properties', 'allowBlobPublicAccess'), true);
  assert.equal(at(patched, 'properties', 'accessTier'), 'Cool');
  assert.equal(at(patched, 'properties', 'minimumTlsVersion'), 'TLS1_3');
  assert.deepEqual(at(patched, 'tags'), { x: 'y' });
  const moved = await ask('PUT', `${accounts}/third`, { body: { ...body, location: 'eastus' } });
  assert.equal(codeOf(moved), 'InvalidResourceLocation');
});

test('names are checked and belong to one account of the whole service', async () => {
  for (const name of ['ab', 'Upper', 'a-b', 'x'.repeat(25)]) {
    assert.equal(codeOf(await ask('PUT', `${accounts}/${name}`, { body })), 'AccountNameInvalid', name);
  }
  await ask('PUT', `${accounts}/taken`, { body });
  const elsewhere = accounts.replace('/Rg/', '/other/');
  assert.equal(codeOf(await ask('PUT', `${elsewhere}/taken`, { body })), 'StorageAccountAlreadyTaken');
  const check = `${sub}/providers/Microsoft.Storage/checkNameAvailability`;
  const availability = async (name: string) =>
    ask('POST', check, { body: { name, type: 'Microsoft.Storage/storageAccounts' } });
  assert.equal(at(await availability('taken'), 'reason'), 'AlreadyExists');
  assert.equal(at(await availability('A'), 'reason'), 'AccountNameInvalid');
  assert.equal(at(await availability('free'), 'nameAvailable'), true);
});

test('bad bodies are told, not survived', async () => {
  for (const wrong of [undefined, [], {}, { ...body, sku: 'x' }, { ...body, kind: 'Nothing' }]) {
    assert.equal((await ask('PUT', `${accounts}/wrong`, { body: wrong })).status, 400);
  }
  assert.equal((await ask('GET', `${accounts}/wrong`)).status, 404);
});

test('containers are the same on both planes', async () => {
  await ask('PUT', `${accounts}/plane`, { body });
  const containers = `${accounts}/plane/blobServices/default/containers`;
  assert.equal((await ask('PUT', `${containers}/made-here`, { body: {} })).status, 201);
  const again = { properties: { metadata: { a: 'b' }, publicAccess: 'Blob' } };
  const shown = await ask('PUT', `${containers}/made-here`, { body: again });
  assert.deepEqual(at(shown, 'properties', 'metadata'), { a: 'b' });
  assert.equal(at(shown, 'properties', 'publicAccess'), 'Blob');
  await blobs.ensureContainer('plane', 'made-there', signal);
  assert.deepEqual(allOf(await ask('GET', containers), 'name'), ['made-here', 'made-there']);
  assert.equal((await ask('DELETE', `${containers}/made-here`)).status, 200);
  assert.equal((await ask('DELETE', `${containers}/made-here`)).status, 204);
  assert.equal(codeOf(await ask('GET', `${containers}/made-here`)), 'ContainerNotFound');
  assert.equal((await ask('GET', `${accounts}/plane/blobServices/default`)).status, 200);
  assert.equal(codeOf(await ask('GET', `${containers}/UPPER`)), 'ContainerNameInvalid');
});

test('SAS of the account and of a container open what they say', async () => {
  await ask('PUT', `${accounts}/sas`, { body });
  await blobs.ensureContainer('sas', 'files', signal);
  await blobs.container('sas', 'files').uploadBlockBlob('a', 'text', 4);
  const expiry = new Date(Date.now() + 600_000).toISOString();
  const account = await ask('POST', `${accounts}/sas/ListAccountSas`, {
    body: {
      ...{ signedServices: 'b', signedResourceTypes: 'sco', signedPermission: 'rl', signedExpiry: expiry },
      signedProtocol: 'https,http',
    },
  });
  const service = await ask('POST', `${accounts}/sas/listServiceSas`, {
    body: {
      ...{ canonicalizedResource: '/blob/sas/files', signedResource: 'c', signedPermission: 'r' },
      ...{ signedExpiry: expiry, signedProtocol: 'https,http', keyToSign: 'key2' },
    },
  });
  const tokens = [String(at(account, 'accountSasToken')), String(at(service, 'serviceSasToken'))];
  for (const token of tokens) {
    const client = new ContainerClient(`${blobs.accountEndpoint('sas')}/files?${token}`);
    assert.equal((await client.getBlobClient('a').downloadToBuffer()).toString(), 'text');
  }
  const wrong = await ask('POST', `${accounts}/sas/listServiceSas`, {
    body: { canonicalizedResource: '/blob/other/files', signedPermission: 'r', signedExpiry: expiry },
  });
  assert.equal(codeOf(wrong), 'InvalidValuesForRequestParameters');
});

test('a deleted account is gone with its blobs, its name is free again', async () => {
  await ask('PUT', `${accounts}/gone`, { body });
  await blobs.ensureContainer('gone', 'files', signal);
  assert.equal((await ask('DELETE', `${accounts}/gone`)).status, 200);
  assert.equal((await ask('DELETE', `${accounts}/gone`)).status, 204);
  assert.equal(codeOf(await ask('GET', `${accounts}/gone`)), 'ResourceNotFound');
  const elsewhere = accounts.replace('/Rg/', '/other/');
  assert.equal((await ask('PUT', `${elsewhere}/gone`, { body })).status, 200);
  assert.deepEqual(await blobs.containers('gone', signal), []);
});

test('accounts are known to a blob service that starts later', async () => {
  await ask('PUT', `${accounts}/later`, { body });
  await using fresh = await openAzurite({ folder: join(folder, 'fresh'), port: 0 });
  await openStoredAccounts({ store, blobs: fresh, now: () => new Date() });
  assert.deepEqual(await fresh.containers('later', signal), []);
});

test('lists hold the accounts of the group or of the subscription', async () => {
  const inGroup = allOf(await ask('GET', accounts), 'id').map(String);
  assert.ok(inGroup.length > 0 && inGroup.every((id) => id.includes('/Rg/')));
  const all = await ask('GET', `${sub}/providers/Microsoft.Storage/storageAccounts`);
  assert.ok(allOf(all, 'id').length > inGroup.length);
});

test('a log grows only at its end', async () => {
  await ask('PUT', `${accounts}/logs`, { body });
  const files = createStagingFiles(blobs);
  const place = { account: 'logs', container: 'packerlogs', name: 'run/customization.log' };
  assert.equal(await files.logSize(place, signal), 0);
  assert.equal(await files.appendLog(place, 3, Buffer.from('x'), signal), false);
  assert.equal(await files.appendLog(place, 0, Buffer.from('one\n'), signal), true);
  assert.equal(await files.appendLog(place, 4, Buffer.from('two\n'), signal), true);
  assert.equal(await files.appendLog(place, 4, Buffer.from('two\n'), signal), false);
  assert.equal(await files.logSize(place, signal), 8);
  assert.deepEqual(files.placeOf(files.addressOf(place)), place);
  const path = join(folder, 'log');
  await files.download(place, path, signal);
  await assert.rejects(files.uploadVhd({ ...place, name: 'x' }, path, signal), { code: 'DistributeFailed' });
});

async function containersWith(account: string, key: string): Promise<string[]> {
  const credential = new StorageSharedKeyCredential(account, key);
  const client = new BlobServiceClient(blobs.accountEndpoint(account), credential);
  return (await Array.fromAsync(client.listContainers())).map(({ name }) => name);
}

function at(reply: ArmReply, ...path: JsonPath): unknown {
  return valueAt(reply.body, path);
}

function codeOf(reply: ArmReply): unknown {
  return at(reply, 'error', 'code');
}

function allOf(reply: ArmReply, field: string): unknown[] {
  const value = at(reply, 'value');
  return Array.isArray(value) ? value.map((entry) => valueAt(entry, [field])) : [];
}

function keysIn(reply: ArmReply): [string, string] {
  assert.deepEqual([at(reply, 'keys', 0, 'keyName'), at(reply, 'keys', 1, 'keyName')], ['key1', 'key2']);
  return [String(at(reply, 'keys', 0, 'value')), String(at(reply, 'keys', 1, 'value'))];
}
