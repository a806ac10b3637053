/** One database that is open: PGlite in this process, or a PostgreSQL server. */
import type { Kysely } from 'kysely';
import type { PgBoss } from 'pg-boss';
import type { Tables } from './tables.ts';

export interface Database extends AsyncDisposable {
  readonly kind: 'pglite' | 'postgres';
  readonly queries: Kysely<Tables>;
  /** Runs SQL of one or many statements without parameters, on one connection that nobody else uses meanwhile. */
  readonly script: (sql: string) => Promise<void>;
  /** A job queue on this database that has not been started. */
  readonly createBoss: () => PgBoss;
  /** Calls `listener` with the payload of every `NOTIFY` on `channel`, whichever process sent it, until aborted. */
  readonly listen: (
    channel: string,
    listener: (payload: string) => void,
    signal: AbortSignal,
  ) => Promise<void>;
}

/** What `openStore` may be told besides the place. */
export interface DatabaseEvents {
  /** Failures of the background (lost connections, queue maintenance); the store goes on by itself. */
  readonly onError: (error: unknown) => void;
}
