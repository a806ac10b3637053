import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { openHome } from '../host/home.ts';
import { startProcess } from '../host/command.ts';
import { isGoldsmithError } from '../model/errors.ts';
import { openPgliteFolder } from './database/pglite-folder.ts';
import { openStore } from './open-store.ts';
import type { Store } from './store.ts';
import { sampleResource } from './testing/records.ts';

const root = mkdtempSync(join(tmpdir(), 'goldsmith-store-'));
after(() => rmSync(root, { recursive: true, force: true }));

const events = {
  onError: (error: unknown) => {
    throw error;
  },
};

async function open(folder: string): Promise<Store> {
  return openStore({ folder }, { ...events, cacheFolder: openHome().cache });
}

test('what was written to a folder is there the next time', async () => {
  const folder = join(root, 'again');
  const draft = sampleResource('kept');
  {
    await using store = await open(folder);
    await store.resources.insert(draft);
    await store.jobs.send('kept', { n: 1 });
  }
  await using store = await open(folder);
  assert.equal((await store.resources.get(draft.id))?.name, 'kept');
  const job = Promise.withResolvers<unknown>();
  await store.work('kept', { concurrency: 1, heartbeatSeconds: 10, retries: 0 }, async ({ data }) =>
    job.resolve(data),
  );
  assert.deepEqual(await job.promise, { n: 1 });
});

test('a folder belongs to one process, which the error names, until it is closed', async () => {
  const folder = join(root, 'locked');
  {
    await using _store = await open(folder);
    await assert.rejects(
      open(folder),
      (error) => isGoldsmithError(error, 'HostNotReady') && error.message.includes(`process ${process.pid}`),
    );
  }
  await (await open(folder))[Symbol.asyncDispose]();
});

test('what was acknowledged survives the sudden end of the process', async () => {
  const folder = join(root, 'killed');
  await (await open(folder))[Symbol.asyncDispose]();
  const writer = startProcess(
    [process.execPath, join(import.meta.dirname, 'testing', 'endless-writer.ts'), folder],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let acknowledged = 0;
  assert.ok(writer.stdout !== null);
  const ended = once(writer, 'exit');
  for await (const line of createInterface(writer.stdout)) {
    acknowledged = Number(line);
    if (acknowledged === 200) writer.kill('SIGKILL');
  }
  await ended;
  assert.ok(acknowledged >= 200, `${acknowledged}`);
  await using store = await open(folder);
  const written = await store.resources.count({ resourceGroup: 'endless' });
  assert.ok(written === acknowledged || written === acknowledged + 1, `${written} of ${acknowledged}`);
  await store.transaction(async ({ settings }) => settings.put('still', { works: true }));
});

test('a first start that was interrupted is forgotten', async () => {
  const folder = join(root, 'interrupted');
  mkdirSync(join(folder, 'data.new', 'base'), { recursive: true });
  writeFileSync(join(folder, 'data.new', 'PG_VERSION'), '1');
  await using _store = await open(folder);
  assert.equal(existsSync(join(folder, 'data.new')), false);
});

test('a database that a newer version wrote is left alone', async () => {
  const folder = join(root, 'newer');
  {
    await using database = await openPgliteFolder(folder, events);
    await database.script("insert into goldsmith.migrations values (9999, 'from-the-future', '')");
  }
  await assert.rejects(
    open(folder),
    (error) => isGoldsmithError(error, 'HostNotReady') && error.hint !== undefined,
  );
});

test('a folder that holds something else is refused with a reason', async () => {
  const folder = join(root, 'damaged');
  mkdirSync(join(folder, 'data'), { recursive: true });
  writeFileSync(join(folder, 'data', 'PG_VERSION'), '9.6\n');
  await assert.rejects(open(folder), (error) => isGoldsmithError(error, 'HostNotReady'));
});

test('tidying up a database with data in it changes nothing that can be seen', async () => {
  await using database = await openPgliteFolder(join(root, 'tidy'), events);
  await database.queries.insertInto('goldsmith.settings').values({ key: 'a', value: '{}' }).execute();
  await database.vacuum();
  const rows = await database.queries.selectFrom('goldsmith.settings').selectAll().execute();
  assert.deepEqual(rows, [{ key: 'a', value: '{}' }]);
});
