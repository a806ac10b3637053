/**
 * Brings a database to the tables this program knows. Migrations are the numbered files of `../migrations`; once
 * released, a file never changes.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GoldsmithError } from '../../model/errors.ts';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

/** What a migration needs: one connection that nobody else uses meanwhile. */
export interface MigrationConnection {
  /** One or many statements without parameters. */
  readonly script: (sql: string) => Promise<void>;
  /** @returns the rows of one statement. */
  readonly query: (
    sql: string,
    parameters: readonly unknown[],
  ) => Promise<readonly Record<string, unknown>[]>;
}

const folder = join(import.meta.dirname, '..', 'migrations');
/** "gold" in ASCII: any number will do, as long as every version of this program takes the same. */
const ADVISORY_LOCK = 0x676f6c64;

/** All migrations this program has, in order. @throws Error when two have one number or a name is not of the form. */
export function readMigrations(): readonly Migration[] {
  const migrations = readdirSync(folder)
    .toSorted()
    .map((file): Migration => {
      const match = /^(\d{4})-([a-z0-9-]+)\.sql$/.exec(file);
      if (match === null) throw new Error(`${file} is not named like a migration`);
      return {
        number: Number(match[1]),
        name: match[2] ?? '',
        sql: readFileSync(join(folder, file), 'utf8'),
      };
    });
  for (const [index, { number }] of migrations.entries()) {
    if (index > 0 && migrations[index - 1]?.number === number)
      throw new Error(`two migrations have number ${number}`);
  }
  return migrations;
}

/** Another one whenever a migration is another one. */
export function migrationsDigest(migrations: readonly Migration[]): string {
  const hash = createHash('sha256');
  for (const { number, sql } of migrations) hash.update(`${number}\n${sql.length}\n${sql}`);
  return hash.digest('hex');
}

/**
 * Applies what is missing, all or nothing; processes that start together wait for each other.
 * @throws GoldsmithError `HostNotReady` when the database was made by a newer or another version of this program.
 */
export async function migrate(
  connection: MigrationConnection,
  migrations: readonly Migration[],
): Promise<void> {
  await connection.script('begin');
  try {
    await connection.query('select pg_advisory_xact_lock($1)', [ADVISORY_LOCK]);
    await connection.script(`
      create schema if not exists goldsmith;
      create table if not exists goldsmith.migrations (
        number integer primary key,
        name text not null,
        digest text not null,
        applied_at timestamptz not null default now()
      )`);
    await applyMissing(connection, migrations);
    await connection.script('commit');
  } catch (error) {
    await connection.script('rollback');
    throw error;
  }
}

async function applyMissing(
  connection: MigrationConnection,
  migrations: readonly Migration[],
): Promise<void> {
  const rows = await connection.query('select number, digest from goldsmith.migrations', []);
  const applied = new Map(rows.map((row) => [Number(row['number']), row['digest']]));
  for (const migration of migrations) {
    const digest = migrationsDigest([migration]);
    const known = applied.get(migration.number);
    applied.delete(migration.number);
    if (known === digest) continue;
    if (known !== undefined) throw otherVersion(`migration ${migration.number} is another one`);
    await connection.script(migration.sql);
    await connection.query('insert into goldsmith.migrations (number, name, digest) values ($1, $2, $3)', [
      migration.number,
      migration.name,
      digest,
    ]);
  }
  if (applied.size > 0)
    throw otherVersion(`it has migration ${Math.max(...applied.keys())}, which is unknown here`);
}

function otherVersion(internal: string): GoldsmithError {
  return new GoldsmithError('HostNotReady', 'The database belongs to another version of Goldsmith', {
    internal,
    hint: 'Start the version that wrote it, or a newer one.',
  });
}
