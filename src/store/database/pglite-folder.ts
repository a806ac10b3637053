/** A folder that holds an embedded database. PGlite knows no other processes, so one process has it at a time. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { GoldsmithError } from '../../model/errors.ts';
import { syncFolder } from '../../host/atomic-file.ts';
import { runCommand } from '../../host/command.ts';
import { tryLock, type Lock } from '../../host/journal/locks.ts';
import type { DatabaseEvents } from './database.ts';
import { openPglite, pgliteSettings, type PgliteDatabase } from './pglite-database.ts';

export interface FolderOptions extends DatabaseEvents {
  /** Asked when the folder has no database yet: path of the archive of an empty one, if there is one. */
  readonly prepare?: () => Promise<string | undefined>;
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
    if (!existsSync(dataFolder)) await makeDatabase(folder, dataFolder, options.prepare);
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
async function makeDatabase(
  folder: string,
  dataFolder: string,
  prepare: FolderOptions['prepare'],
): Promise<void> {
  const staging = join(folder, 'data.new');
  rmSync(staging, { recursive: true, force: true });
  const archive = await prepare?.();
  if (archive === undefined) {
    const pglite = await PGlite.create(pgliteSettings(staging, undefined));
    await pglite.close();
  } else {
    await unpack(archive, staging);
  }
  renameSync(staging, dataFolder);
  syncFolder(folder);
}

/** PGlite can unpack its archives as well, but takes four times as long. */
async function unpack(archive: string, folder: string): Promise<void> {
  mkdirSync(folder, { mode: 0o700 });
  await runCommand(['tar', '--extract', '--no-same-owner', '--file', archive, '--directory', folder], {
    signal: new AbortController().signal,
  });
}
