import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { startProcess } from '../host/command.ts';
import { isGoldsmithError } from '../model/errors.ts';
import { openPostgres } from './database/postgres-database.ts';
import { openStore } from './open-store.ts';
import { sampleOperation } from './testing/records.ts';
import { postgresPrograms, startTestPostgres, type TestPostgres } from './testing/test-postgres.ts';

const skip = postgresPrograms() === undefined ? 'PostgreSQL is not installed on this machine' : false;
const LIMIT_MS = 90_000;
let running: TestPostgres | undefined;

before(async () => {
  if (skip === false) running = await startTestPostgres();
});
after(async () => running?.[Symbol.asyncDispose]());

test('the job of a worker that was killed is given to another one', { skip, timeout: LIMIT_MS }, async () => {
  const url = running?.url ?? '';
  await using store = await openStore({ url });
  const program = join(import.meta.dirname, 'testing', 'stuck-worker.ts');
  const stuck = startProcess([process.execPath, program, url, 'takeover'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  assert.ok(stuck.stdout !== null);
  const lines = createInterface(stuck.stdout)[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, 'ready');
  await store.jobs.send('takeover', { n: 1 });
  const { value: id } = await lines.next();
  const ended = once(stuck, 'exit');
  stuck.kill('SIGKILL');
  await ended;
  const job = Promise.withResolvers<object>();
  const options = { concurrency: 1, heartbeatSeconds: 10, retries: 1 };
  await store.work('takeover', options, async ({ id, data, attempt }) => job.resolve({ id, data, attempt }));
  assert.deepEqual(await job.promise, { id, data: { n: 1 }, attempt: 2 });
});

test(
  'lost connections are made again, for statements and for listening',
  { skip, timeout: LIMIT_MS },
  async () => {
    const url = running?.url ?? '';
    const errors: unknown[] = [];
    await using store = await openStore({ url }, { onError: (error) => errors.push(error) });
    const operation = sampleOperation();
    await store.operations.insert(operation);
    {
      await using other = await openPostgres(url, { onError: () => undefined });
      await other.script(
        'select pg_terminate_backend(pid) from pg_stat_activity where pid != pg_backend_pid()',
      );
    }
    const told = Promise.withResolvers<void>();
    store.subscribe('operations', (key) => {
      if (key === operation.id) told.resolve();
    });
    // What changes before the listener is back is not heard, so the row changes until it is.
    const changing = setInterval(() => {
      store.operations.update(operation.id, { percentComplete: 1 }).catch((error) => errors.push(error));
    }, 50);
    try {
      await told.promise;
    } finally {
      clearInterval(changing);
    }
    assert.ok(errors.length > 0, 'the loss was reported');
    assert.notEqual(await store.operations.get(operation.id), undefined);
  },
);

test('a server that cannot be reached is a clear error that tells no address', { skip }, async () => {
  const opening = openStore({ url: 'postgres://nobody@localhost/nothing?host=/nonexistent' });
  await assert.rejects(
    opening,
    (error) => isGoldsmithError(error, 'HostNotReady') && !error.message.includes('nonexistent'),
  );
});

test('processes that start together on an empty server share one set of tables', { skip }, async () => {
  const url = running?.url ?? '';
  {
    await using database = await openPostgres(url, { onError: () => undefined });
    await database.script('drop schema goldsmith cascade; drop schema if exists goldsmith_jobs cascade');
  }
  const stores = await Promise.all(
    Array.from({ length: 4 }, async (_, n) => {
      const store = await openStore({ url });
      await store.jobs.send('together', { n });
      return store;
    }),
  );
  await stores[0]?.settings.put('together', { all: true });
  assert.deepEqual(await stores[3]?.settings.get('together'), { all: true });
  for (const store of stores) await store[Symbol.asyncDispose]();
});
