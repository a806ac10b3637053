import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { dataExtents } from '../../disk/extents.ts';
import { appendVhdFooter } from '../../disk/raw-to-vhd.ts';
import { writePatternedDisk } from '../../disk/testing/patterned-disk.ts';
import { startProcess } from '../../host/command.ts';
import { openTlsIdentity } from '../../identity/keys/tls-identity.ts';
import { openAzureStorage } from './azure-storage-blobs.ts';
import { openAzurite } from './azurite/azurite-blobs.ts';
import type { BlobService } from './blob-service.ts';
import { serviceAgent, servicePipeline } from './service-pipeline.ts';
import { blobContract, newKeys, type BlobFixture } from './testing/blob-contract.ts';

const signal = AbortSignal.timeout(120_000);
let work: string;

before(async () => {
  work = await mkdtemp(join(tmpdir(), 'blob-services-'));
});

after(async () => {
  await rm(work, { recursive: true, force: true });
});

blobContract('Azurite over HTTPS', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'azurite-'));
  const tls = await testCertificate(folder);
  const service = await openAzurite({ folder: join(folder, 'data'), port: 0, tls, findExtents: dataExtents });
  return fixtureOf(service, tls.ca, folder, [service]);
});

blobContract('Azure Storage, one account for all', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'azure-storage-'));
  const tls = await testCertificate(folder);
  const keys = newKeys();
  const elsewhere = await openAzurite({ folder: join(folder, 'data'), port: 0, tls });
  await elsewhere.addAccount('shared', keys);
  await elsewhere.ready(signal);
  const url = elsewhere.accountEndpoint('shared');
  const service = openAzureStorage({ url, accountName: 'shared', accountKey: keys.key1, ca: tls.ca });
  return fixtureOf(service, tls.ca, folder, [service, elsewhere]);
});

test('opening does not wait for Azurite, requests do', async () => {
  await using service = await openAzurite({ folder: join(work, 'early'), port: 0 });
  await service.addAccount('early', newKeys());
  await service.ensureContainer('early', 'logs', signal);
  assert.deepEqual(await service.containers('early', signal), ['logs']);
});

test('a name with dots in front of the port is no account', async () => {
  await using service = await openAzurite({
    ...{ folder: join(work, 'dots'), port: 0, publicHost: 'build.example' },
  });
  await service.addAccount('dots', newKeys());
  await service.ready(signal);
  const sas = await service.containerSas('dots', 'none', {
    permissions: 'r',
    expiresOn: new Date(Date.now() + 3_600_000),
  });
  const { host, pathname, port } = new URL(service.blobUrl('dots', 'none', 'a'));
  const call = get({ host: '127.0.0.1', port, path: `${pathname}?${sas}`, headers: { host } });
  const [answer] = await once(call, 'response');
  answer.resume();
  assert.deepEqual([answer.statusCode, answer.headers['x-ms-error-code']], [404, 'ContainerNotFound']);
});

test('both keys open an account until they are changed, at once', async () => {
  await using service = await openAzurite({ folder: join(work, 'keys'), port: 0 });
  const [old, fresh] = [newKeys(), newKeys()];
  await service.addAccount('keys', old);
  await service.ready(signal);
  assert.deepEqual(await statuses(service, 'keys', [old.key1, old.key2, fresh.key1]), [200, 200, 403]);
  await service.addAccount('keys', fresh);
  assert.deepEqual(await statuses(service, 'keys', [old.key1, old.key2, fresh.key1]), [403, 403, 200]);
  await service.removeAccount('keys', signal);
  assert.notDeepEqual(await statuses(service, 'keys', [fresh.key1]), [200]);
});

test('the account that every Azurite knows is not there', async () => {
  await using service = await openAzurite({ folder: join(work, 'well-known'), port: 0 });
  await service.ready(signal);
  const wellKnown =
    'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
  assert.notDeepEqual(await statuses(service, 'devstoreaccount1', [wellKnown]), [200]);
});

test('what was written is there after a restart', async () => {
  const options = { folder: join(work, 'restart'), port: 0 };
  const keys = newKeys();
  {
    await using service = await openAzurite(options);
    await service.addAccount('again', keys);
    await service.ensureContainer('again', 'logs', signal);
    await service.container('again', 'logs').uploadBlockBlob('a', 'kept', 4);
  }
  await using service = await openAzurite(options);
  await service.addAccount('again', keys);
  const blob = service.container('again', 'logs').getBlobClient('a');
  assert.equal((await blob.downloadToBuffer()).toString(), 'kept');
});

test('nothing is lost when the service is killed, and a new one waits for the data', async () => {
  const folder = join(work, 'killed');
  const keys = newKeys();
  const script = `
    const { openAzurite } = await import(${JSON.stringify(join(import.meta.dirname, 'azurite/azurite-blobs.ts'))});
    const service = await openAzurite({ folder: ${JSON.stringify(folder)}, port: 0 });
    await service.addAccount('victim', ${JSON.stringify(keys)});
    await service.ensureContainer('victim', 'logs', AbortSignal.timeout(60000));
    await service.container('victim', 'logs').uploadBlockBlob('a', 'acknowledged', 12);
    process.stdout.write('written');
  `;
  const victim = startProcess([process.execPath, '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  assert.ok(victim.stdout !== null);
  await once(victim.stdout, 'data', { signal });
  victim.kill('SIGKILL');
  await using service = await openAzurite({ folder, port: 0 });
  await service.addAccount('victim', keys);
  const blob = service.container('victim', 'logs').getBlobClient('a');
  assert.equal((await blob.downloadToBuffer()).toString(), 'acknowledged');
});

test('an Azurite that dies is started again with its accounts', async () => {
  const lines: string[] = [];
  const mark = `blob-death-${randomUUID()}`;
  const folder = join(work, mark);
  await using service = await openAzurite({ folder, port: 0, onLine: (line) => lines.push(line) });
  await service.addAccount('phoenix', newKeys());
  await service.ensureContainer('phoenix', 'logs', signal);
  await service.container('phoenix', 'logs').uploadBlockBlob('a', 'kept', 4);
  await service.flush();
  await killHolderOf(join(folder, 'lock'));
  await service.ensureContainer('phoenix', 'more', signal);
  assert.deepEqual(await service.containers('phoenix', signal), ['logs', 'more']);
  assert.match(lines.join('\n'), /starting again/);
});

test('a port that is taken for good is told to those who wait', async () => {
  await using first = await openAzurite({ folder: join(work, 'first'), port: 0 });
  await first.ready(signal);
  const port = Number(new URL(first.accountEndpoint('x')).port);
  await using second = await openAzurite({ folder: join(work, 'second'), port, restartDelaysMs: [1] });
  await assert.rejects(second.ready(signal), { code: 'HostNotReady', message: /EADDRINUSE/ });
  await second.addAccount('late', newKeys());
  await assert.rejects(second.containers('late', signal), { code: 'HostNotReady' });
});

async function statuses(service: BlobService, account: string, keys: readonly string[]): Promise<number[]> {
  const url = service.accountEndpoint(account);
  const agent = serviceAgent(url, undefined);
  const results: number[] = [];
  for (const key of keys) {
    const credential = new StorageSharedKeyCredential(account, key);
    const pipeline = servicePipeline({ agent, ready: async () => undefined }, credential);
    const answer = new BlobServiceClient(url, pipeline).listContainers().byPage().next();
    results.push(
      await answer.then(
        () => 200,
        (error: unknown) => (error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 0),
      ),
    );
  }
  agent.destroy();
  return results;
}

/** The lock is held by the server itself. */
async function killHolderOf(lock: string): Promise<void> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of processes) {
    const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
    const paths = await Promise.all(
      files.map(async (file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')),
    );
    if (paths.includes(lock)) process.kill(Number(pid), 'SIGKILL');
  }
}

async function testCertificate(folder: string): Promise<{ certPath: string; keyPath: string; ca: string }> {
  const { files, authority } = await openTlsIdentity({ folder: join(folder, 'tls'), now: () => new Date() });
  return { certPath: files.certificate, keyPath: files.privateKey, ca: authority };
}

function fixtureOf(
  service: BlobService,
  ca: string,
  folder: string,
  owned: readonly AsyncDisposable[],
): BlobFixture {
  const agent = serviceAgent(service.accountEndpoint('any'), ca);
  return {
    service,
    agent,
    writeVhd: async (path, diskBytes) => {
      writePatternedDisk(path, diskBytes);
      await appendVhdFooter(path, { createdAtMs: 1_750_000_000_000, uniqueId: randomUUID() });
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
      for (const thing of owned) await thing[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
