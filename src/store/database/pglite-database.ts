/** PostgreSQL inside this process (PGlite, WebAssembly), in memory or in a folder that belongs to one process. */
import { PGlite, type PGliteOptions } from '@electric-sql/pglite';
import { Kysely } from 'kysely';
import { fromPglite, PgBoss } from 'pg-boss';
import type { Database, DatabaseEvents } from './database.ts';
import { bossOptions } from './boss-options.ts';
import { DurableFiles, durableSettings } from './durable-files.ts';
import { migrate, readMigrations } from './migrate.ts';
import { pgliteDialect } from './pglite-dialect.ts';
import type { Tables } from './tables.ts';
import { currentTransaction, refuseInsideTransaction } from './transaction-scope.ts';
import { Turns } from './turns.ts';

export interface PgliteOptions extends DatabaseEvents {
  /** PGlite's data folder; in memory without one. */
  readonly dataFolder?: string;
  /** A data folder as an archive, which saves seconds of initdb. */
  readonly prepared?: Blob;
  /** Called after PGlite has ended. */
  readonly onClosed?: () => Promise<void>;
}

/** How PGlite is started; in memory without a folder. */
export function pgliteSettings(dataFolder: string | undefined, prepared: Blob | undefined): PGliteOptions {
  const start = [...PGlite.defaultStartParams, '-c', `shared_buffers=${SHARED_BUFFERS}`];
  return {
    // A new database starts with one segment of its log: 16 MiB by default, of which most stays empty.
    initDbStartParams: ['--wal-segsize=1'],
    ...(prepared === undefined ? {} : { loadDataDir: prepared }),
    ...(dataFolder === undefined
      ? { startParams: start }
      : {
          fs: new DurableFiles(dataFolder),
          startParams: [...start.filter((word) => word !== NO_FSYNC), ...durableSettings],
        }),
  };
}

/** The default of 128 MB would be a part of this process for ever; the kernel caches the files anyway. */
const SHARED_BUFFERS = '32MB';
const NO_FSYNC = '-F';
/** Nobody else does it: there is no autovacuum in one process. */
const VACUUM_EVERY_MS = 6 * 3600 * 1000;

/** Opens PGlite and brings its tables up to date. @throws GoldsmithError `HostNotReady` as `migrate` does. */
export async function openPglite(options: PgliteOptions): Promise<PgliteDatabase> {
  const pglite = await PGlite.create(pgliteSettings(options.dataFolder, options.prepared));
  const database = new PgliteDatabase(pglite, options);
  try {
    await database.prepare();
    return database;
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

export class PgliteDatabase implements Database {
  readonly kind = 'pglite';
  readonly queries: Kysely<Tables>;
  readonly #pglite: PGlite;
  readonly #turns = new Turns();
  readonly #onClosed: () => Promise<void>;
  readonly #vacuuming: NodeJS.Timeout;

  constructor(pglite: PGlite, options: PgliteOptions) {
    this.#pglite = pglite;
    this.#vacuuming = setInterval(() => {
      this.vacuum().catch(options.onError);
    }, VACUUM_EVERY_MS).unref();
    this.#onClosed = options.onClosed ?? (async () => undefined);
    this.queries = new Kysely<Tables>({ dialect: pgliteDialect(pglite, this.#turns) });
  }

  async prepare(): Promise<void> {
    const pglite = this.#pglite;
    await this.#turns.run(async () =>
      migrate(
        {
          script: async (sql) => void (await pglite.exec(sql)),
          query: async (sql, parameters) =>
            (await pglite.query<Record<string, unknown>>(sql, [...parameters])).rows,
        },
        readMigrations(),
      ),
    );
  }

  readonly script = async (sql: string): Promise<void> => {
    refuseInsideTransaction();
    await this.#turns.run(async () => this.#pglite.exec(sql));
  };

  async #query(sql: string): Promise<readonly Record<string, unknown>[]> {
    return this.#turns.run(async () => (await this.#pglite.query<Record<string, unknown>>(sql)).rows);
  }

  readonly createBoss = (): PgBoss => {
    const official = fromPglite(this.#pglite);
    const turns = this.#turns;
    return new PgBoss({
      ...bossOptions,
      backend: 'pglite',
      db: {
        // The queue looks its queues up with the connection it was made with; called from inside a transaction
        // it would wait for that transaction's end.
        executeSql: async (text, values) =>
          currentTransaction()?.execute(text, values ?? []) ??
          turns.run(async () => official.executeSql(text, values)),
        listen: async (channel, onNotification, onReconnect) => {
          const stop = await turns.run(async () => this.#pglite.listen(channel, onNotification));
          onReconnect();
          return { close: async () => turns.run(async () => stop()) };
        },
      },
    });
  };

  readonly listen = async (
    channel: string,
    listener: (payload: string) => void,
    signal: AbortSignal,
  ): Promise<void> => {
    const stop = await this.#turns.run(async () => this.#pglite.listen(channel, listener));
    signal.addEventListener('abort', () => {
      void this.#turns.run(async () => {
        if (!this.#pglite.closed) await stop();
      });
    });
  };

  /** Gives the space of old rows back and renews what the planner knows; others have their turns between tables. */
  async vacuum(): Promise<void> {
    const tables = await this.#query(
      "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname like 'goldsmith%'",
    );
    for (const { name } of tables) await this.script(`vacuum (analyze) ${String(name)}`);
  }

  /** The data folder as an uncompressed archive. */
  async dump(): Promise<Blob> {
    return this.#turns.run(async () => this.#pglite.dumpDataDir('none'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#vacuuming);
    await this.#turns.run(async () => {
      if (!this.#pglite.closed) await this.#pglite.close();
    });
    await this.#onClosed();
  }
}
