import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { openHome } from '../host/home.ts';
import { openStore } from '../store/open-store.ts';
import { postgresPrograms, startTestPostgres } from '../store/testing/test-postgres.ts';
import { startWorker, type WorkerOptions } from './start-worker.ts';

const skip = postgresPrograms() === undefined ? 'PostgreSQL is not installed' : false;

test(
  'a worker wants a database that a service was started on, and the key of its blobs',
  { skip },
  async () => {
    await using scene = new AsyncDisposableStack();
    const { url: databaseUrl } = scene.use(await startTestPostgres());
    const root = mkdtempSync(join(tmpdir(), 'goldsmith-start-worker-'));
    scene.defer(() => rmSync(root, { recursive: true }));
    const home = openHome({ GOLDSMITH_HOME: root });
    const options: WorkerOptions = {
      home,
      databaseUrl,
      blobsUrl: 'https://account.blob.invalid',
      blobsKey: 'a2V5',
      executor: { argv: [process.execPath, '--version'], env: {} },
      simulate: { bootMs: 1, stepMs: 1, secondMs: 1 },
      log: pino({ level: 'silent' }),
      now: Date.now,
    };
    await assert.rejects(startWorker(options), {
      code: 'HostNotReady',
      message: /No service was ever started/,
    });
    const store = scene.use(await openStore({ url: databaseUrl }));
    await store.settings.put('image-builder/principal', { objectId: 'builder' });
    await assert.rejects(startWorker({ ...options, blobsKey: undefined }), {
      code: 'BadUsage',
      message: /key/,
    });
    await using worker = await startWorker(options);
    assert.ok(worker);
  },
);
