/**
 * Azurite's blob server as an object. Its package has a command line only, which takes accounts from the
 * environment once a minute; here they change at once, and its databases are saved on request.
 */
import { join } from 'node:path';
import blobConfiguration from 'azurite/dist/src/blob/BlobConfiguration.js';
import blobServer from 'azurite/dist/src/blob/BlobServer.js';
import type { AzuriteStart } from './azurite-messages.ts';

export interface AzuriteServer {
  setAccounts(accounts: string): void;
  /** Saves what is in memory: which blobs there are and where their bytes lie. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Starts to serve. @throws what listening throws, for example EADDRINUSE. */
export async function startAzurite(options: AzuriteStart): Promise<AzuriteServer> {
  process.env['AZURITE_ACCOUNTS'] = options.accounts;
  const server = new blobServer.default(
    new blobConfiguration.default(
      options.host,
      options.port,
      KEEP_ALIVE_SECONDS,
      join(options.folder, 'blobs.json'),
      join(options.folder, 'extents.json'),
      [{ locationId: 'Default', locationPath: join(options.folder, 'data'), maxConcurrency: 50 }],
      false, // access log
      undefined,
      false, // debug log
      undefined,
      false, // loose: what Azurite cannot do is refused, not ignored
      true, // skipApiVersionCheck: clients may be newer than this Azurite
      options.tls?.certPath ?? '',
      options.tls?.keyPath ?? '',
      '', // password of the key
      undefined, // no tokens of a directory
      !options.accountInHost,
    ),
  );
  await server.start();
  return {
    setAccounts: (accounts) => {
      process.env['AZURITE_ACCOUNTS'] = accounts;
      server.accountDataStore.refresh();
    },
    // Bytes before the names that point to them.
    flush: async () => {
      await save(server.extentMetadataStore.db);
      await save(server.metadataStore.db);
    },
    close: async () => server.close(),
  };
}

/** Connections live longer than the pauses of a client that follows a log. */
const KEEP_ALIVE_SECONDS = 30;

async function save(database: { saveDatabase(callback: (error?: unknown) => void): void }): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    database.saveDatabase((error) => {
      if (error === undefined || error === null) resolve();
      else reject(error instanceof Error ? error : new Error('The database of Azurite was not saved'));
    });
  });
}
