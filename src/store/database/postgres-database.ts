/** A PostgreSQL server that several processes share. */
import { Kysely, PostgresDialect } from 'kysely';
import { Pool, type PoolClient, type PoolConfig } from 'pg';
import { PgBoss } from 'pg-boss';
import { GoldsmithError } from '../../model/errors.ts';
import { bossOptions } from './boss-options.ts';
import type { Database, DatabaseEvents } from './database.ts';
import { migrate, readMigrations } from './migrate.ts';
import { PostgresListener } from './postgres-listener.ts';
import type { Tables } from './tables.ts';
import { refuseInsideTransaction } from './transaction-scope.ts';

/** Connections of one process for its own statements; the job queue has its own, and listening takes one each. */
const MAX_CONNECTIONS = 10;
const MAX_JOB_CONNECTIONS = 4;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Connects to the server at `url` and brings the tables up to date.
 * @throws GoldsmithError `HostNotReady` when the server does not answer or refuses, or as `migrate` does.
 */
export async function openPostgres(url: string, events: DatabaseEvents): Promise<Database> {
  const database = new PostgresDatabase(url, events);
  try {
    await database.prepare();
    return database;
  } catch (cause) {
    await database[Symbol.asyncDispose]();
    if (cause instanceof GoldsmithError) throw cause;
    throw new GoldsmithError('HostNotReady', 'The PostgreSQL server could not be used', {
      cause,
      internal: cause instanceof Error ? cause.message : String(cause), // may tell addresses and names
    });
  }
}

class PostgresDatabase implements Database {
  readonly kind = 'postgres';
  readonly queries: Kysely<Tables>;
  readonly #config: PoolConfig;
  readonly #pool: Pool;
  readonly #listener: PostgresListener;
  #closed = false;

  constructor(url: string, events: DatabaseEvents) {
    this.#config = {
      connectionString: url,
      application_name: 'goldsmith',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    };
    this.#pool = new Pool({ ...this.#config, max: MAX_CONNECTIONS });
    this.#pool.on('error', (error) => {
      if (!this.#closed) events.onError(error); // of an idle connection; the pool makes another one
    });
    this.#listener = new PostgresListener(this.#config, events);
    const pool = this.#pool;
    this.queries = new Kysely<Tables>({
      dialect: new PostgresDialect({
        pool: {
          connect: async () => {
            refuseInsideTransaction();
            return pool.connect();
          },
          end: async () => pool.end(),
        },
      }),
    });
  }

  async prepare(): Promise<void> {
    await this.#withClient(async (client) =>
      migrate(
        {
          script: async (sql) => void (await client.query(sql)),
          query: async (sql, parameters) =>
            (await client.query<Record<string, unknown>>(sql, [...parameters])).rows,
        },
        readMigrations(),
      ),
    );
  }

  readonly script = async (sql: string): Promise<void> => {
    refuseInsideTransaction();
    await this.#withClient(async (client) => client.query(sql));
  };

  readonly createBoss = (): PgBoss =>
    new PgBoss({ ...bossOptions, connectionString: this.#url, max: MAX_JOB_CONNECTIONS });

  readonly listen = async (
    channel: string,
    listener: (payload: string) => void,
    signal: AbortSignal,
  ): Promise<void> => this.#listener.add(channel, listener, signal);

  get #url(): string {
    return this.#config.connectionString ?? '';
  }

  async #withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    try {
      return await work(client);
    } finally {
      client.release();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#listener[Symbol.asyncDispose]();
    await this.#pool.end();
  }
}
