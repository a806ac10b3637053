/**
 * An empty database as an archive. PGlite needs about two seconds to make one (initdb) and a third of a second to
 * unpack one, so it is made once for each version and kept in a file that may be deleted at any time.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, openAsBlob, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../host/atomic-file.ts';
import type { DatabaseEvents } from './database/database.ts';
import { migrationsDigest, readMigrations } from './database/migrate.ts';
import { openPglite } from './database/pglite-database.ts';
import { JobQueue } from './jobs/job-queue.ts';

/** Returns the archive that is kept in `cacheFolder`, and makes it first when it is missing. */
export async function preparedDatabase(cacheFolder: string, events: DatabaseEvents): Promise<Blob> {
  const path = join(cacheFolder, `database-${version()}.tar`);
  if (!existsSync(path)) {
    mkdirSync(cacheFolder, { recursive: true });
    writeFileAtomic(path, await makeArchive(events));
  }
  return openAsBlob(path);
}

async function makeArchive(events: DatabaseEvents): Promise<Uint8Array> {
  await using database = await openPglite(events);
  {
    await using jobs = new JobQueue(database, events);
    await jobs.start();
  }
  const archive = await database.dump();
  return new Uint8Array(await archive.arrayBuffer());
}

/** Another one whenever an archive of before would not do. */
function version(): string {
  const hash = createHash('sha256');
  for (const name of ['@electric-sql/pglite', 'pg-boss']) {
    const entry = fileURLToPath(import.meta.resolve(name));
    hash.update(readFileSync(join(entry.slice(0, entry.lastIndexOf(name)), name, 'package.json')));
  }
  return hash.update(migrationsDigest(readMigrations())).digest('hex').slice(0, 16);
}
