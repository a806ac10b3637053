/** Opens the store, wherever it is. */
import { DatabaseStore } from './database-store.ts';
import type { Database, DatabaseEvents } from './database/database.ts';
import { openPglite } from './database/pglite-database.ts';
import { openPgliteFolder } from './database/pglite-folder.ts';
import { openPostgres } from './database/postgres-database.ts';
import { findPreparedDatabase, preparedDatabase } from './prepared-database.ts';
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
  /** Stores in memory keep an empty database here, and every new one starts from it without initdb. */
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
  if ('folder' in place) {
    // Not worth making one: that takes as long as the database itself.
    const prepared = cacheFolder === undefined ? undefined : await findPreparedDatabase(cacheFolder);
    return openPgliteFolder(place.folder, { ...events, ...(prepared === undefined ? {} : { prepared }) });
  }
  const prepared = cacheFolder === undefined ? undefined : await preparedDatabase(cacheFolder, events);
  return openPglite({ ...events, ...(prepared === undefined ? {} : { prepared }) });
}
