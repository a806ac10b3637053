/**
 * An empty database as an archive. PGlite needs seconds to make one (initdb), and unpacking one takes a fraction of
 * that, so it is made once for each version and kept in a file that may be deleted at any time. It is made with the
 * npm packages, and lies with them; a program that finds none there makes one where it may write.
 */
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../host/atomic-file.ts';
import type { DatabaseEvents } from './database/database.ts';
import { migrationsDigest, readMigrations } from './database/migrate.ts';
import { openPglite, pgliteSettings } from './database/pglite-database.ts';
import { JobQueue } from './jobs/job-queue.ts';

const pgliteName = '@electric-sql/pglite';

/** Where archives may lie, the best place first: with the packages of this program, and in `cacheFolder`. */
export function preparedFolders(cacheFolder: string | undefined): readonly string[] {
  return cacheFolder === undefined ? [folderWithPackages()] : [folderWithPackages(), cacheFolder];
}

/** It belongs to the installed packages and goes with them. */
export function folderWithPackages(): string {
  return join(packageFolder(pgliteName), '..', '..', '.cache', 'goldsmith');
}

/** Path of the archive in the first of `folders` that has it. */
function findPreparedDatabase(folders: readonly string[]): string | undefined {
  return folders.map(archivePath).find((path) => existsSync(path));
}

/**
 * Path of the archive that one of `folders` has; where none has it, it is made in the first that can be written.
 * Undefined when there is no such folder. Processes may do it at once: the last one's archive stays.
 */
export async function preparedDatabase(
  folders: readonly string[],
  events: DatabaseEvents,
): Promise<string | undefined> {
  const found = findPreparedDatabase(folders);
  if (found !== undefined) return found;
  const folder = folders.find(canWrite);
  return folder === undefined ? undefined : prepareDatabase(folder, events);
}

/** Path of the archive in `folder`, which is made with everything that is missing. */
export async function prepareDatabase(folder: string, events: DatabaseEvents): Promise<string> {
  const path = archivePath(folder);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  removeOthers(folder);
  writeFileAtomic(path, await makeArchive(events));
  return path;
}

/** In somebody else's place, files of ours would be in the way. */
function canWrite(folder: string): boolean {
  try {
    let existing = folder;
    while (!existsSync(existing)) existing = dirname(existing);
    accessSync(existing, constants.W_OK);
    const about = statSync(existing);
    return about.isDirectory() && about.uid === process.getuid?.();
  } catch {
    return false;
  }
}

const KEEP_MS = 24 * 3600 * 1000;

/** Archives of other versions that nobody has made lately. */
function removeOthers(folder: string): void {
  for (const file of readdirSync(folder)) {
    const path = join(folder, file);
    if (!/^database-[0-9a-f]+\.tar$/.test(file) || path === archivePath(folder)) continue;
    if (Date.now() - statSync(path).mtimeMs > KEEP_MS) rmSync(path, { force: true });
  }
}

function archivePath(folder: string): string {
  return join(folder, `database-${version()}.tar`);
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
  for (const name of [pgliteName, 'pg-boss'])
    hash.update(readFileSync(join(packageFolder(name), 'package.json')));
  return hash.update(migrationsDigest(readMigrations())).digest('hex').slice(0, 16);
}

function packageFolder(name: string): string {
  const entry = fileURLToPath(import.meta.resolve(name));
  return join(entry.slice(0, entry.lastIndexOf(name)), name);
}
