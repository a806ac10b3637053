/** Two workers with homes of their own on one PostgreSQL, as on two machines. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inlineShell, testTemplate } from '../build/testing/test-template.ts';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import { createStagingFiles } from '../providers/storage/staging-files.ts';
import { openSharedBlobs } from '../server/open-shared-blobs.ts';
import { openAzurite } from '../store/blobs/azurite/azurite-blobs.ts';
import type { BlobService } from '../store/blobs/blob-service.ts';
import { openStore } from '../store/open-store.ts';
import type { ResourceRecord, ServiceRun } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { postgresPrograms, startTestPostgres } from '../store/testing/test-postgres.ts';
import { createRunService, isUnfinished } from './create-run-service.ts';
import { storeTemplate, testWorkerOptions } from './testing/test-runs.ts';
import { startRunWorker } from './worker/run-worker.ts';
import type { WorkerEvent } from './worker/worker-options.ts';

const skip = postgresPrograms() === undefined ? 'PostgreSQL is not installed' : false;

test('two workers share the runs, each of which is executed once', { skip }, async () => {
  await using scene = new AsyncDisposableStack();
  const postgres = scene.use(await startTestPostgres());
  const store = scene.use(await openStore({ url: postgres.url }));
  const executed: string[] = [];
  const workers = new Set<string>();
  for (const name of ['a', 'b']) {
    const root = mkdtempSync(join(tmpdir(), `goldsmith-worker-${name}-`));
    scene.defer(() => rmSync(root, { recursive: true }));
    const own = scene.use(await openStore({ url: postgres.url }));
    const onEvent = (id: string, event: WorkerEvent): void => {
      if (event.kind !== 'executor-started') return;
      executed.push(id);
      workers.add(name);
    };
    // room for one run each: this template's machine has two CPUs
    const capacity = () => ({ cpus: 2, memoryBytes: 8 * 2 ** 30, diskBytes: 100 * 2 ** 30 });
    scene.use(await startRunWorker(testWorkerOptions(root, own, { onEvent, capacity })));
  }
  const service = createRunService({ store, now: Date.now });
  const ids: string[] = [];
  for (const name of ['one', 'two', 'three', 'four', 'five']) {
    const customize = [inlineShell('work', 'sleep 0.5')];
    const answer = await service.request(await storeTemplate(store, testTemplate(name, { customize })));
    ids.push(answer.run?.id ?? '');
  }
  const runs = await Promise.all(ids.map(async (id) => ended(store, id)));
  assert.deepEqual(
    runs.map(({ state, message }) => `${state} ${message}`),
    ids.map(() => 'Succeeded '),
  );
  assert.deepEqual(executed.toSorted(), ids.toSorted());
  assert.equal(workers.size, 2);
});

test('disks that two workers built lie in the blobs that they share', { skip }, async () => {
  await using scene = new AsyncDisposableStack();
  const postgres = scene.use(await startTestPostgres());
  const store = scene.use(await openStore({ url: postgres.url }));
  const folder = mkdtempSync(join(tmpdir(), 'goldsmith-shared-blobs-'));
  scene.defer(() => rmSync(folder, { recursive: true }));
  const azurite = scene.use(await openAzurite({ folder: join(folder, 'blobs'), port: 0 }));
  const [key1, key2] = [randomBytes(64).toString('base64'), randomBytes(64).toString('base64')];
  await azurite.addAccount('shared', { key1, key2 });
  const client = (): BlobService => scene.use(openSharedBlobs(azurite.accountEndpoint('shared'), key1));
  const builders = new Map<string, string>();
  for (const name of ['a', 'b']) {
    const own = scene.use(await openStore({ url: postgres.url }));
    const onEvent = (id: string, event: WorkerEvent): void => {
      if (event.kind === 'executor-started') builders.set(id, name);
    };
    const capacity = () => ({ cpus: 2, memoryBytes: 8 * 2 ** 30, diskBytes: 100 * 2 ** 30 });
    const files = createStagingFiles(client());
    scene.use(await startRunWorker(testWorkerOptions(join(folder, name), own, { onEvent, capacity, files })));
  }
  const service = createRunService({ store, now: Date.now });
  const ids: string[] = [];
  for (const name of ['one', 'two', 'three', 'four']) {
    const template = testTemplate(name, {
      customize: [inlineShell('work', 'sleep 0.5')],
      distribute: [{ type: 'VHD', runOutputName: 'disk', artifactTags: {}, uri: undefined }],
    });
    const answer = await service.request(await storeTemplate(store, template));
    ids.push(answer.run?.id ?? '');
  }
  const blobs = client();
  for (const id of ids) {
    const run = await ended(store, id);
    assert.equal(`${run.state} ${run.message}`, 'Succeeded ');
    const output = await store.resources.get(`${run.templateId}/runOutputs/disk`);
    const { artifactUri } = propertiesOf(output);
    assert.ok(typeof artifactUri === 'string');
    const place = blobs.locate(artifactUri);
    assert.ok(place !== undefined, artifactUri);
    const path = join(folder, `${id}.vhd`);
    await blobs.getFile({ ...place, path, signal: AbortSignal.timeout(60_000) });
    // the cookie of a VHD's footer, with which the last 512 bytes begin
    const bytes = readFileSync(path);
    assert.equal(bytes.subarray(-512, -504).toString('latin1'), 'conectix');
    const log = { account: 'stagingtests', container: 'packerlogs', blob: `${id}/customization.log` };
    await blobs.getFile({ ...log, path: `${path}.log`, signal: AbortSignal.timeout(60_000) });
  }
  assert.deepEqual(new Set(builders.values()), new Set(['a', 'b']));
});

function propertiesOf(record: ResourceRecord | undefined): JsonObject {
  const properties = record?.body['properties'];
  assert.ok(isJsonObject(properties));
  return properties;
}

async function ended(store: Store, runId: string): Promise<ServiceRun> {
  const { promise, resolve } = Promise.withResolvers<ServiceRun>();
  const look = async (): Promise<void> => {
    const run = await store.runs.get(runId);
    if (run !== undefined && !isUnfinished(run)) resolve(run);
  };
  const stop = store.subscribe('runs', () => void look());
  await look();
  const run = await promise;
  stop();
  return run;
}
