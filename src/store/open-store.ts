/** Opens the store, wherever it is. */
import { openAsBlob } from 'node:fs';
import { DatabaseStore } from './database-store.ts';
import type { Database, DatabaseEvents } from './database/database.ts';
import { openPglite } from './database/pglite-database.ts';
import { openPgliteFolder } from './database/pglite-folder.ts';
import { openPostgres } from './database/postgres-database.ts';
import { preparedDatabase, preparedFolders } from './prepared-database.ts';
import type { Store } from './store.ts';
import { Subscriptions } from './subscriptions.ts';

export type StorePlace =
  /** A PostgreSQL server that many processes share: `postgres://…`. */
  | { readonly url: string }
  /** An embedded PostgreSQL that belongs to this process alone. */
  | { readonly folder: string }
  /** Gone with the process. */
  | { readonly memory: true };

export interface OpenStoreOptions extends Partial<DatabaseEvents> {
  /** Where an empty database to start from may be kept, when it does not lie with the npm packages. */
  readonly cacheFolder?: string;
}

/** Opens the store and brings its tables up to date. @throws GoldsmithError `HostNotReady` when it cannot be used. */
export async function openStore(place: StorePlace, options: OpenStoreOptions = {}): Promise<Store> {
  const events: DatabaseEvents = { onError: options.onError ?? (() => undefined) };
  const database = await openDatabase(place, options.cacheFolder, events);
  try {
    return new DatabaseStore(database, await Subscriptions.open(database, events), events);
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

async function openDatabase(
  place: StorePlace,
  cacheFolder: string | undefined,
  events: DatabaseEvents,
): Promise<Database> {
  if ('url' in place) return openPostgres(place.url, events);
  const prepare = async (): Promise<string | undefined> =>
    preparedDatabase(preparedFolders(cacheFolder), events);
  if ('folder' in place) return openPgliteFolder(place.folder, { ...events, prepare });
  const archive = await prepare();
  return openPglite({ ...events, ...(archive === undefined ? {} : { prepared: await openAsBlob(archive) }) });
}
