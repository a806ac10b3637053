/** Opens the store, wherever it is. */
import { GoldsmithError } from '../model/errors.ts';
import { DatabaseStore } from './database-store.ts';
import type { DatabaseEvents } from './database/database.ts';
import { openPglite } from './database/pglite-database.ts';
import { preparedDatabase } from './prepared-database.ts';
import type { Store } from './store.ts';

export type StorePlace =
  /** A PostgreSQL server that many processes share: `postgres://…`. */
  | { readonly url: string }
  /** An embedded PostgreSQL that belongs to this process alone. */
  | { readonly folder: string }
  /** Gone with the process. */
  | { readonly memory: true };

export interface OpenStoreOptions extends Partial<DatabaseEvents> {
  /** Keeps an empty database in this folder, so that the next one opens without initdb. */
  readonly cacheFolder?: string;
}

/** Opens the store and brings its tables up to date. @throws GoldsmithError `HostNotReady` when it cannot be used. */
export async function openStore(place: StorePlace, options: OpenStoreOptions = {}): Promise<Store> {
  const events: DatabaseEvents = { onError: options.onError ?? (() => undefined) };
  const { cacheFolder } = options;
  const prepared = cacheFolder === undefined ? undefined : await preparedDatabase(cacheFolder, events);
  if (!('memory' in place))
    throw new GoldsmithError('HostNotReady', 'Only stores in memory can be opened yet');
  const database = await openPglite({ ...events, ...(prepared === undefined ? {} : { prepared }) });
  return new DatabaseStore(database, events);
}
