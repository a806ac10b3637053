/**
 * An empty database as an archive. PGlite needs about two seconds to make one (initdb) and a third of a second to
 * unpack one, so it is made once for each version and kept in a file that may be deleted at any time.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, openAsBlob, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../host/atomic-file.ts';
import type { DatabaseEvents } from './database/database.ts';
import { migrationsDigest, readMigrations } from './database/migrate.ts';
import { openPglite, pgliteSettings } from './database/pglite-database.ts';
import { JobQueue } from './jobs/job-queue.ts';

/** Returns the archive that is kept in `cacheFolder`, and makes it first when it is missing. */
export async function preparedDatabase(cacheFolder: string, events: DatabaseEvents): Promise<Blob> {
  const found = await findPreparedDatabase(cacheFolder);
  if (found !== undefined) return found;
  mkdirSync(cacheFolder, { recursive: true });
  removeOthers(cacheFolder);
  const path = archivePath(cacheFolder);
  writeFileAtomic(path, await makeArchive(events));
  return openAsBlob(path);
}

/** The archive in `cacheFolder`, if it has been made. */
export async function findPreparedDatabase(cacheFolder: string): Promise<Blob | undefined> {
  const path = archivePath(cacheFolder);
  return existsSync(path) ? openAsBlob(path) : undefined;
}

const KEEP_MS = 24 * 3600 * 1000;

/** Archives of other versions that nobody has made lately. */
function removeOthers(cacheFolder: string): void {
  for (const file of readdirSync(cacheFolder)) {
    const path = join(cacheFolder, file);
    if (!/^database-[0-9a-f]+\.tar$/.test(file) || path === archivePath(cacheFolder)) continue;
    if (Date.now() - statSync(path).mtimeMs > KEEP_MS) rmSync(path, { force: true });
  }
}

function archivePath(cacheFolder: string): string {
  return join(cacheFolder, `database-${version()}.tar`);
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
  const hash = createHash('sha256').update(JSON.stringify(pgliteSettings(undefined, undefined)));
  for (const name of ['@electric-sql/pglite', 'pg-boss']) {
    const entry = fileURLToPath(import.meta.resolve(name));
    hash.update(readFileSync(join(entry.slice(0, entry.lastIndexOf(name)), name, 'package.json')));
  }
  return hash.update(migrationsDigest(readMigrations())).digest('hex').slice(0, 16);
}
