import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeCopy } from '../disk/copy-formats.ts';
import type { Source } from '../model/image-template.ts';
import type { ImageFacts } from '../model/image.ts';
import type { CatalogueEntry } from './catalogue/catalogue-file.ts';
import { localManagedImageId, parseImageResourceId } from './resource-ids.ts';
import { resolveImageRef, resolveSource, type ResolveContext } from './resolve-source.ts';
import { openImageStore, type ImageStore } from './store/image-store.ts';
import { makePatternDisk } from './store/testing/pattern-disk.ts';

const signal = AbortSignal.timeout(120_000);
const day = Date.UTC(2026, 10, 21, 12);
const served = new Map<string, Buffer | string>();

let work: string;
let server: Server;
let base: string;
let requests: string[] = [];

before(async () => {
  work = await mkdtemp(join(tmpdir(), 'resolve-'));
  server = createServer((request, response) => {
    requests.push(request.url ?? '');
    const body = served.get(request.url ?? '');
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  base = `http://127.0.0.1:${address.port}`;
});

after(async () => {
  server.closeAllConnections();
  server.close();
  await rm(work, { recursive: true, force: true });
});

test('a rolling image is fetched on first use, checked, and then kept under a version of the day', async () => {
  using store = await newStore();
  const disk = await serveQcow2('first', 'BSD');
  const first = await resolveSource(platform('latest'), contextOf(store));
  assert.equal(first.exactVersion, '0.20261121.1');
  assert.equal(first.facts.digest, disk.digest);
  assert.equal(first.requested, 'Me:mine:one:latest');
  const count = requests.length;
  const again = await resolveImageRef('me:MINE:one', contextOf(store));
  assert.equal(again.exactVersion, '0.20261121.1');
  assert.equal((await resolveSource(platform('0.20261121.1'), contextOf(store))).facts.digest, disk.digest);
  assert.equal(requests.length, count, 'nothing was fetched again');
});

test('a platform image that is damaged on this machine is fetched again', async () => {
  using store = await newStore();
  const disk = await serveQcow2('damaged', 'GNU');
  const { facts } = await resolveSource(platform('latest'), contextOf(store));
  await rm(facts.path);
  const again = await resolveSource(platform('latest'), contextOf(store));
  assert.equal(again.exactVersion, '0.20261121.1');
  assert.equal(again.facts.digest, disk.digest);
  await rm(facts.path);
  await assert.rejects(resolveSource(platform('latest'), { ...contextOf(store), catalogue: [] }), {
    code: 'SourceInvalid',
  });
});

test('a refresh makes a new version only when the content is new', async () => {
  using store = await newStore();
  const refresh = { ...contextOf(store), refreshOlderThanMs: 0, now: () => day };
  await serveQcow2('one', 'GNU');
  assert.equal((await resolveSource(platform('latest'), refresh)).exactVersion, '0.20261121.1');
  assert.equal((await resolveSource(platform('latest'), refresh)).exactVersion, '0.20261121.1');
  await serveQcow2('two', 'GNU');
  const young = { ...refresh, refreshOlderThanMs: 60_000 };
  assert.equal((await resolveSource(platform('latest'), young)).exactVersion, '0.20261121.1');
  assert.equal((await resolveSource(platform('latest'), refresh)).exactVersion, '0.20261121.2');
});

test('a wrong checksum, a missing line and a wrong format publish nothing', async () => {
  using store = await newStore();
  await serveQcow2('bad', 'GNU');
  served.set('/SUMS', `${'0'.repeat(64)}  disk.qcow2\n`);
  await assert.rejects(resolveSource(platform('latest'), contextOf(store)), { code: 'ChecksumMismatch' });
  served.set('/SUMS', `${'0'.repeat(64)}  other.qcow2\n`);
  await assert.rejects(resolveSource(platform('latest'), contextOf(store)), {
    code: 'DownloadFailed',
    message: /lists no SHA-256 or SHA-512 checksum for disk\.qcow2/,
  });
  await serveQcow2('bad', 'GNU');
  await assert.rejects(resolveSource(platform('latest'), contextOf(store, { format: 'vhd' })), {
    code: 'ImageRefused',
  });
  served.set('/disk.qcow2', 'QFI\u00fbnot really');
  served.set('/SUMS', `${sha256('QFI\u00fbnot really')} *disk.qcow2\n`);
  await assert.rejects(resolveSource(platform('latest'), contextOf(store)), { code: 'ImageRefused' });
  assert.deepEqual(store.list(), []);
});

test('a recipe makes its image once, with the size and generation of its entry', async () => {
  using store = await newStore();
  const asked: unknown[] = [];
  const recipe: CatalogueEntry = {
    ...entry(),
    publisher: 'Debian',
    generation: 'V1',
    provisioning: 'azure',
    from: { kind: 'recipe', recipe: 'debian', release: 'trixie', sizeGB: 2 },
  };
  const context: ResolveContext = {
    ...contextOf(store),
    catalogue: [recipe],
    recipes: {
      debian: async (request) => {
        asked.push([request.release, request.generation, request.sizeBytes]);
        const disk = await makePatternDisk(dirname(request.destination), 'recipe');
        await copyFile(disk.path, request.destination);
        await rm(disk.path);
        return {
          version: '13.1.20261120',
          debianVersion: '13.1',
          packages: {},
          kernelVersion: '6',
          mirror: 'http://mirror.example/debian',
          treeFromCache: false,
          sizeBytes: disk.virtualSizeBytes,
        };
      },
    },
  };
  const source: Source = { ...platform('latest'), publisher: 'Debian' };
  const { facts, image } = await resolveSource(source, context);
  await resolveSource(source, context);
  assert.deepEqual(asked, [['trixie', 'V1', 2 * 1024 ** 3]]);
  assert.deepEqual([facts.generation, facts.provisioning], ['V1', 'azure']);
  assert.match(image.origin.importedFrom ?? '', /^recipe debian 13\.1\.20261120 from/);
});

test('a fixed version in the catalogue is fetched when it is asked for, or is the newest', async () => {
  using store = await newStore();
  await serveQcow2('fixed', 'GNU');
  const context = {
    ...contextOf(store),
    catalogue: [entry({}, '1.0.0'), entry({}, '2.0.0')],
  };
  assert.equal((await resolveSource(platform('1.0.0'), context)).exactVersion, '1.0.0');
  assert.equal((await resolveSource(platform('latest'), context)).exactVersion, '2.0.0');
  await assert.rejects(resolveSource(platform('3.0.0'), context), {
    code: 'SourceNotFound',
    message: /Known versions: Me:mine:one:1\.0\.0, Me:mine:one:2\.0\.0/,
  });
});

test('managed images and gallery versions resolve by id, latest skips what is excluded', async () => {
  using store = await newStore();
  const facts = await store.addContent(await makePatternDisk(work, 'stored'), { move: true, signal });
  const { id: imageId } = store.publishManagedImage(facts, {
    id: localManagedImageId('golden'),
    location: 'local',
    ifExists: 'fail',
    tags: {},
    origin: {},
  });
  publishVersion(store, facts, '1.0.0', false);
  publishVersion(store, facts, '2.0.0', true);
  const context = contextOf(store);
  const managed = await resolveSource({ type: 'ManagedImage', imageId: imageId.toUpperCase() }, context);
  assert.equal(managed.exactVersion, undefined);
  const gallery = await resolveSource(
    { type: 'SharedImageVersion', imageVersionId: `${definition}/versions/latest` },
    context,
  );
  assert.equal(gallery.exactVersion, '1.0.0');
  for (const id of [`${definition}/versions/3.0.0`, '/SharedGalleries/x/images/y/versions/latest']) {
    await assert.rejects(resolveSource({ type: 'SharedImageVersion', imageVersionId: id }, context), {
      code: 'SourceNotFound',
    });
  }
});

const definition = '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/galleries/g/images/d';

function publishVersion(store: ImageStore, facts: ImageFacts, version: string, exclude: boolean): void {
  const definitionId = parseImageResourceId(definition);
  assert.ok(definitionId?.kind === 'ImageDefinition');
  store.publishGalleryVersion(facts, {
    definitionId,
    explicitVersion: version,
    versioning: { scheme: 'Latest', major: undefined },
    sourceVersion: undefined,
    location: 'local',
    excludeFromLatest: exclude,
    targetRegions: [],
    replicationMode: 'Full',
    tags: {},
    origin: {},
  });
}

async function newStore(): Promise<ImageStore> {
  return openImageStore({ images: await mkdtemp(join(work, 'store-')) }, () => day);
}

function platform(version: string): Source & { type: 'PlatformImage' } {
  return { type: 'PlatformImage', publisher: 'Me', offer: 'mine', sku: 'one', version, planInfo: undefined };
}

function entry(from: Partial<CatalogueEntry['from']> = {}, version = 'rolling'): CatalogueEntry {
  return {
    publisher: 'Me',
    offer: 'mine',
    sku: 'one',
    version,
    generation: 'V2',
    osType: 'Linux',
    architecture: 'x64',
    provisioning: 'nocloud',
    from: {
      kind: 'url',
      url: `${base}/disk.qcow2`,
      checksum: { listedAt: `${base}/SUMS` },
      format: 'qcow2',
      ...('format' in from ? { format: from.format } : {}),
    },
  };
}

function contextOf(store: ImageStore, from: Partial<CatalogueEntry['from']> = {}): ResolveContext {
  const cacheDir = join(work, 'cache');
  return { store, cacheDir, catalogue: [entry(from)], signal, limits: { retryDelaysMs: [] } };
}

/** Puts a qcow2 image and its checksum file on the test's web server. */
async function serveQcow2(text: string, form: 'GNU' | 'BSD'): Promise<ImageFacts> {
  const folder = await mkdtemp(join(work, 'serve-'));
  const disk = await makePatternDisk(folder, text);
  const dest = join(folder, 'disk.qcow2');
  await mkdir(join(work, 'cache'), { recursive: true });
  await writeCopy({
    rawPath: disk.path,
    sizeBytes: disk.virtualSizeBytes,
    format: 'qcow2',
    dest,
    identity: { createdAtMs: day, uniqueId: '00000000-0000-4000-8000-000000000000' },
    signal,
  });
  const bytes = await readFile(dest);
  const sum = sha256(bytes);
  served.set('/disk.qcow2', bytes);
  served.set('/SUMS', form === 'GNU' ? `${sum} *disk.qcow2\n` : `# disk\nSHA256 (disk.qcow2) = ${sum}\n`);
  return disk;
}

function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
