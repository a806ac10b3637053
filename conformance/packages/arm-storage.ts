/** Accounts with `@azure/arm-storage`, and their blobs with `@azure/storage-blob`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BlobServiceClient, ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { polling } from '../sdk.ts';
import { location } from '../templates.ts';
import { namesOf, type SdkSuite } from './suite.ts';

const group = 'storage';
const account = 'suitestorage1';

export function describeStorage(suite: () => SdkSuite): void {
  describe('@azure/arm-storage and @azure/storage-blob', () => {
    let endpoint = '';
    const keyOf = async (name: string): Promise<string> => {
      const { keys = [] } = await suite().sdk.storage.storageAccounts.listKeys(group, account);
      return keys.find(({ keyName }) => keyName === name)?.value ?? '';
    };
    const withKey = (key: string): ContainerClient =>
      new BlobServiceClient(endpoint, new StorageSharedKeyCredential(account, key)).getContainerClient(
        'things',
      );
    const inOneHour = (): Date => new Date(Date.now() + 3_600_000);

    test('an account has a name that nobody else can take, and settings that change', async () => {
      const { resources, storage } = suite().sdk;
      await resources.resourceGroups.createOrUpdate(group, { location });
      const wish = { sku: { name: 'Standard_LRS' }, kind: 'StorageV2', location };
      const { storageAccounts } = storage;
      assert.equal(
        (await storageAccounts.checkNameAvailability({ name: account, type })).nameAvailable,
        true,
      );
      const made = await storageAccounts.beginCreateAndWait(group, account, wish, polling);
      endpoint = made.primaryEndpoints?.blob ?? '';
      assert.equal(
        (await storageAccounts.checkNameAvailability({ name: account, type })).nameAvailable,
        false,
      );
      await storageAccounts.update(group, account, { tags: { a: 'b' }, minimumTlsVersion: 'TLS1_2' });
      const read = await storageAccounts.getProperties(group, account);
      assert.deepEqual([read.tags, read.minimumTlsVersion, read.kind], [{ a: 'b' }, 'TLS1_2', 'StorageV2']);
      assert.deepEqual(await namesOf(storageAccounts.listByResourceGroup(group)), [account]);
      assert.ok((await namesOf(storageAccounts.list())).includes(account));
    });

    test('a container that one plane makes is the container of the other', async () => {
      const { blobContainers, blobServices } = suite().sdk.storage;
      assert.equal((await blobServices.getServiceProperties(group, account)).name, 'default');
      assert.deepEqual(await namesOf(blobServices.list(group, account)), ['default']);
      await blobContainers.create(group, account, 'things', { metadata: { by: 'arm' } });
      const container = withKey(await keyOf('key1'));
      assert.deepEqual((await container.getProperties()).metadata, { by: 'arm' });
      await container.getBlockBlobClient('hello.txt').upload('hello', 5);
      await blobContainers.update(group, account, 'things', { metadata: { by: 'update' } });
      assert.deepEqual((await blobContainers.get(group, account, 'things')).metadata, { by: 'update' });
      assert.deepEqual(await namesOf(blobContainers.list(group, account)), ['things']);
      await assert.rejects(blobContainers.get(group, account, 'nothing'), { code: 'ContainerNotFound' });
    });

    test('a key that is made anew ends the old one, and leaves the other', async () => {
      const { storageAccounts } = suite().sdk.storage;
      const [old, other] = [await keyOf('key1'), await keyOf('key2')];
      const { keys = [] } = await storageAccounts.regenerateKey(group, account, { keyName: 'key1' });
      const fresh = keys.find(({ keyName }) => keyName === 'key1')?.value ?? '';
      assert.notEqual(fresh, old);
      await assert.rejects(withKey(old).getProperties(), { statusCode: 403 });
      for (const key of [fresh, other]) assert.equal(await withKey(key).exists(), true);
    });

    test('shared access signatures allow what they say and nothing else', async () => {
      const { storageAccounts } = suite().sdk.storage;
      const { accountSasToken = '' } = await storageAccounts.listAccountSAS(group, account, {
        ...{ services: 'b', resourceTypes: 'co', permissions: 'rl', sharedAccessExpiryTime: inOneHour() },
      });
      const whole = new ContainerClient(`${endpoint}/things?${accountSasToken}`.replace(/(?<!:)\/\//, '/'));
      const names = await Array.fromAsync(whole.listBlobsFlat(), ({ name }) => name);
      assert.deepEqual(names, ['hello.txt']);
      await assert.rejects(whole.getBlockBlobClient('hello.txt').delete(), { statusCode: 403 });
      const { serviceSasToken = '' } = await storageAccounts.listServiceSAS(group, account, {
        ...{ canonicalizedResource: `/blob/${account}/things/hello.txt`, resource: 'b', permissions: 'r' },
        sharedAccessExpiryTime: inOneHour(),
      });
      const one = new ContainerClient(whole.url.replace(/\?.*/, `?${serviceSasToken}`));
      assert.equal((await one.getBlockBlobClient('hello.txt').downloadToBuffer()).toString(), 'hello');
      await assert.rejects(one.getBlockBlobClient('other.txt').downloadToBuffer(), { statusCode: 403 });
    });

    test('containers and accounts are deleted with what they hold', async () => {
      const { resources, storage } = suite().sdk;
      await storage.blobContainers.delete(group, account, 'things');
      assert.deepEqual(await namesOf(storage.blobContainers.list(group, account)), []);
      await storage.storageAccounts.delete(group, account);
      await assert.rejects(storage.storageAccounts.getProperties(group, account), { statusCode: 404 });
      await resources.resourceGroups.beginDeleteAndWait(group, polling);
    });
  });
}

const type = 'Microsoft.Storage/storageAccounts';
