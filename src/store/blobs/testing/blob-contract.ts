/** What every blob service does. Called by the test file of each. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import type { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ContainerClient } from '@azure/storage-blob';
import { MIB } from '../../../model/sizes.ts';
import type { BlobService } from '../blob-service.ts';
import { servicePipeline } from '../service-pipeline.ts';

export interface BlobFixture extends AsyncDisposable {
  readonly service: BlobService;
  /** For clients that are not the service's own. */
  readonly agent: Agent;
  /** Writes a sparse fixed VHD with data in a few places. */
  readonly writeVhd: (path: string, diskBytes: number) => Promise<void>;
}

const signal = AbortSignal.timeout(120_000);

export function blobContract(name: string, open: () => Promise<BlobFixture>): void {
  describe(name, () => {
    let work: string;
    let fixture: BlobFixture;
    let service: BlobService;

    before(async () => {
      work = await mkdtemp(join(tmpdir(), 'blobs-'));
      fixture = await open();
      service = fixture.service;
      await service.addAccount('one', newKeys());
      await service.addAccount('two', newKeys());
      await service.ready(signal);
    });

    after(async () => {
      await fixture[Symbol.asyncDispose]();
      await rm(work, { recursive: true, force: true });
    });

    test('accounts have containers of their own', async () => {
      await service.ensureContainer('one', 'logs', signal);
      await service.ensureContainer('one', 'logs', signal);
      await service.ensureContainer('two', 'vhds', signal);
      assert.deepEqual(await service.containers('one', signal), ['logs']);
      assert.deepEqual(await service.containers('two', signal), ['vhds']);
      assert.equal(await service.container('two', 'logs').exists(), false);
    });

    test('names that no container may have are refused', () => {
      for (const bad of ['', 'ab', 'Up', 'a--b', '-ab', 'a/b', '../x', 'x'.repeat(64)]) {
        assert.throws(() => service.container('one', bad), { code: 'BadUsage' }, bad);
      }
    });

    test('an ordinary file becomes a block blob under any name', async () => {
      const path = join(work, 'script.sh');
      await writeFile(path, 'echo hello\n');
      const blob = 'a b/ü?#%.sh';
      const put = await service.putFile({
        ...{ account: 'one', container: 'files', blob, path, signal },
        headers: { blobContentType: 'text/x-sh' },
        metadata: { origin: 'test' },
      });
      const client = service.container('one', 'files').getBlobClient(blob);
      assert.equal(put.kind, 'BlockBlob');
      assert.equal(put.sizeBytes, 11);
      assert.ok(put.url.startsWith(service.accountEndpoint('one')));
      assert.equal((await client.downloadToBuffer()).toString(), 'echo hello\n');
      const properties = await client.getProperties();
      assert.equal(properties.contentType, 'text/x-sh');
      assert.deepEqual(properties.metadata, { origin: 'test' });
    });

    test('a fixed VHD becomes a page blob without its holes, byte for byte', async () => {
      const path = join(work, 'disk.vhd');
      await fixture.writeVhd(path, 256 * MIB);
      const seen: number[] = [];
      const put = await service.putFile({
        ...{ account: 'one', container: 'vhds', blob: 'disk.vhd', path, signal },
        onProgress: (done, total) => seen.push(done / total),
      });
      assert.equal(put.kind, 'PageBlob');
      assert.equal(put.sizeBytes, 256 * MIB + 512);
      assert.ok(put.sentBytes < MIB, `${put.sentBytes} bytes were sent`);
      assert.equal(seen.at(-1), 1);
      const client = service.container('one', 'vhds').getPageBlobClient('disk.vhd');
      const ranges = (await client.getPageRanges()).pageRange ?? [];
      assert.ok(ranges.length > 1);
      assert.ok(ranges.every(({ count = 0 }) => count < MIB));
      const { readableStreamBody } = await client.download();
      assert.ok(readableStreamBody !== undefined);
      assert.equal(await digest(readableStreamBody), await digest(createReadStream(path)));
    });

    test('a page blob is downloaded with its holes, a block blob as it is', async () => {
      const [disk, text] = [join(work, 'holes.vhd'), join(work, 'lines')];
      await fixture.writeVhd(disk, 64 * MIB);
      await writeFile(text, 'line\n'.repeat(1000));
      for (const [path, blob] of [
        [disk, 'folder/holes.vhd'],
        [text, 'lines'],
      ] as const) {
        const place = { account: 'one', container: 'vhds', blob };
        const { url } = await service.putFile({ ...place, path, signal });
        assert.deepEqual(service.locate(`${url}?sv=1`), place);
        const copy = `${path}.copy`;
        await service.getFile({ ...place, path: copy, signal });
        assert.equal(await digest(createReadStream(copy)), await digest(createReadStream(path)));
        assert.ok((await stat(copy)).blocks * 512 < 2 * MIB);
        const again = service.getFile({ ...place, path: `${copy}2`, maxBytes: 10, signal });
        await assert.rejects(again, { code: 'DownloadFailed' });
      }
      const none = { account: 'one', container: 'vhds', blob: 'none', path: join(work, 'none.copy'), signal };
      await assert.rejects(service.getFile(none), { code: 'SourceNotFound' });
      await assert.rejects(stat(none.path), { code: 'ENOENT' });
      for (const url of [
        'https://elsewhere.test/one/vhds/a',
        'x',
        `${service.accountEndpoint('one')}/vhds`,
      ]) {
        assert.equal(service.locate(url), undefined, url);
      }
    });

    test('a blob takes the place of an older one of another kind', async () => {
      const [text, disk] = [join(work, 'text'), join(work, 'small.vhd')];
      await writeFile(text, 'text');
      await fixture.writeVhd(disk, MIB);
      const place = { account: 'one', container: 'vhds', blob: 'either', signal };
      for (const [path, kind] of [
        [disk, 'PageBlob'],
        [text, 'BlockBlob'],
        [disk, 'PageBlob'],
      ] as const) {
        await service.putFile({ ...place, path });
        const found = await service.container('one', 'vhds').getBlobClient('either').getProperties();
        assert.equal(found.blobType, kind);
      }
    });

    test('a cancelled upload leaves no blob', async () => {
      const path = join(work, 'cancelled.vhd');
      await fixture.writeVhd(path, 64 * MIB);
      const stop = new AbortController();
      const put = service.putFile({
        ...{ account: 'two', container: 'vhds', blob: 'cancelled.vhd', path, signal: stop.signal },
        onProgress: () => stop.abort(),
      });
      await assert.rejects(put, { code: 'Cancelled' });
      assert.equal(await service.container('two', 'vhds').getBlobClient('cancelled.vhd').exists(), false);
    });

    test('a file that is not there is told as such', async () => {
      const put = service.putFile({
        ...{ account: 'two', container: 'vhds', blob: 'none', path: join(work, 'none'), signal },
      });
      await assert.rejects(put, { code: 'DistributeFailed' });
    });

    test('a log grows and can be read meanwhile', async () => {
      await service.ensureContainer('two', 'packerlogs', signal);
      const log = service.container('two', 'packerlogs').getAppendBlobClient('run/customization.log');
      await log.createIfNotExists();
      await log.appendBlock('first\n', 6);
      await log.appendBlock('second\n', 7, { conditions: { appendPosition: 6 } });
      await assert.rejects(log.appendBlock('twice\n', 6, { conditions: { appendPosition: 6 } }));
      assert.equal((await log.downloadToBuffer()).toString(), 'first\nsecond\n');
    });

    test('a SAS opens one container, as far as it says', async () => {
      await service.ensureContainer('two', 'shared', signal);
      await service.ensureContainer('two', 'private', signal);
      const mine = service.container('two', 'shared');
      await mine.uploadBlockBlob('file', 'content', 7);
      const sas = await service.containerSas('two', 'shared', {
        permissions: 'rl',
        expiresOn: new Date(Date.now() + 600_000),
      });
      const guest = new ContainerClient(`${mine.url.split('?')[0] ?? ''}?${sas}`, guestPipeline());
      assert.equal((await guest.getBlobClient('file').downloadToBuffer()).toString(), 'content');
      await assert.rejects(guest.uploadBlockBlob('other', 'x', 1), { statusCode: 403 });
      const elsewhere = service.container('two', 'private').url.split('?')[0] ?? '';
      const burglar = new ContainerClient(`${elsewhere}?${sas}`, guestPipeline());
      await assert.rejects(burglar.getBlobClient('file').downloadToBuffer(), { statusCode: 403 });
      const nobody = new ContainerClient(mine.url.split('?')[0] ?? '', guestPipeline());
      await assert.rejects(nobody.getBlobClient('file').downloadToBuffer());
    });

    test('an account goes with everything in it, and may come again', async () => {
      const keys = newKeys();
      await service.addAccount('three', keys);
      await service.ensureContainer('three', 'vhds', signal);
      await service.container('three', 'vhds').uploadBlockBlob('file', 'x', 1);
      await service.removeAccount('three', signal);
      await service.removeAccount('three', signal);
      await service.addAccount('three', keys);
      assert.deepEqual(await service.containers('three', signal), []);
      assert.ok((await service.containers('two', signal)).length > 0);
    });

    function guestPipeline() {
      const connection = { agent: fixture.agent, ready: async () => undefined };
      return servicePipeline(connection, undefined);
    }
  });
}

export function newKeys(): { readonly key1: string; readonly key2: string } {
  return { key1: randomBytes(64).toString('base64'), key2: randomBytes(64).toString('base64') };
}

async function digest(stream: AsyncIterable<unknown>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) if (chunk instanceof Uint8Array) hash.update(chunk);
  return hash.digest('hex');
}
