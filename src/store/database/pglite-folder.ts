/** A folder that holds an embedded database. PGlite knows no other processes, so one process has it at a time. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { GoldsmithError } from '../../model/errors.ts';
import { syncFolder } from '../../host/atomic-file.ts';
import { tryLock, type Lock } from '../../host/journal/locks.ts';
import type { DatabaseEvents } from './database.ts';
import { openPglite, pgliteSettings, type PgliteDatabase } from './pglite-database.ts';

export interface FolderOptions extends DatabaseEvents {
  /** An empty database to start from when the folder has none. */
  readonly prepared?: Blob;
}

/**
 * Opens the database in `folder`, and makes it first when there is none.
 * @throws GoldsmithError `HostNotReady` when another process has it, or when it cannot be read.
 */
export async function openPgliteFolder(folder: string, options: FolderOptions): Promise<PgliteDatabase> {
  mkdirSync(folder, { recursive: true, mode: 0o700 }); // it holds keys
  const lock = await lockFolder(folder);
  try {
    const dataFolder = join(folder, 'data');
    if (!existsSync(dataFolder)) await makeDatabase(folder, dataFolder, options.prepared);
    return await openPglite({
      onError: options.onError,
      dataFolder,
      onClosed: async () => lock[Symbol.asyncDispose](),
    });
  } catch (cause) {
    await lock[Symbol.asyncDispose]();
    if (cause instanceof GoldsmithError) throw cause;
    throw new GoldsmithError('HostNotReady', `The database in ${folder} could not be opened`, { cause });
  }
}

async function lockFolder(folder: string): Promise<Lock> {
  const path = join(folder, 'lock');
  const lock = await tryLock(path, { signal: new AbortController().signal, purpose: 'database' });
  if (lock !== undefined) return lock;
  throw new GoldsmithError('HostNotReady', `The database in ${folder} is in use by ${holderOf(path)}`, {
    hint: 'Stop that process, or let several share a PostgreSQL server.',
  });
}

function holderOf(path: string): string {
  const match = /"pid":(\d+)/.exec(readFileSync(path, 'utf8'));
  return match === null ? 'another process' : `process ${match[1]}`;
}

/** Made beside and renamed, so that an interrupted first start leaves nothing that looks like a database. */
async function makeDatabase(folder: string, dataFolder: string, prepared: Blob | undefined): Promise<void> {
  const staging = join(folder, 'data.new');
  rmSync(staging, { recursive: true, force: true });
  const pglite = await PGlite.create(pgliteSettings(staging, prepared));
  await pglite.close();
  renameSync(staging, dataFolder);
  syncFolder(folder);
}
