import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openPgliteFolder } from './database/pglite-folder.ts';
import { preparedDatabase } from './prepared-database.ts';

const root = mkdtempSync(join(tmpdir(), 'goldsmith-prepared-'));
after(() => rmSync(root, { recursive: true, force: true }));

const events = {
  onError: (error: unknown) => {
    throw error;
  },
};

test('an archive is made once, whole, in the first folder that can be written', async () => {
  const file = join(root, 'file');
  writeFileSync(file, '');
  const [useless, cache] = [join(file, 'cache'), join(root, 'new', 'cache')];
  assert.equal(await preparedDatabase([useless], events), undefined);
  const [first, second] = await Promise.all([
    preparedDatabase([useless, cache], events),
    preparedDatabase([cache], events),
  ]);
  assert.ok(first !== undefined);
  assert.equal(first, second);
  assert.deepEqual(
    readdirSync(cache).map((name) => join(cache, name)),
    [first],
  );
  assert.equal(await preparedDatabase([join(root, 'elsewhere'), cache], events), first);

  await using database = await openPgliteFolder(join(root, 'unpacked'), {
    ...events,
    prepare: async () => first,
  });
  assert.deepEqual(await database.queries.selectFrom('goldsmith.settings').selectAll().execute(), []);
  await database.queries.insertInto('goldsmith.settings').values({ key: 'a', value: '{}' }).execute();
});
