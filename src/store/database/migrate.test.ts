import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoldsmithError } from '../../model/errors.ts';
import { migrate, migrationsDigest, readMigrations, type MigrationConnection } from './migrate.ts';

/** Remembers what it was told, and has the migrations that `applied` lists. */
function recorder(
  applied: readonly Record<string, unknown>[],
): MigrationConnection & { readonly log: string[] } {
  const log: string[] = [];
  return {
    log,
    script: async (sql) => void log.push(sql.trim().split('\n')[0] ?? ''),
    query: async (sql) => {
      if (sql.startsWith('select number')) return applied;
      log.push(sql.split(' ').slice(0, 3).join(' '));
      return [];
    },
  };
}

const one = { number: 1, name: 'one', sql: 'create table one ()' };
const two = { number: 2, name: 'two', sql: 'create table two ()' };

test('only what is missing is applied, in order and in one transaction', async () => {
  const connection = recorder([{ number: 1, digest: migrationsDigest([one]) }]);
  await migrate(connection, [one, two]);
  assert.deepEqual(connection.log, [
    'begin',
    'select pg_advisory_xact_lock($1)',
    'create schema if not exists goldsmith;',
    'create table two ()',
    'insert into goldsmith.migrations',
    'commit',
  ]);
});

test('a database with a migration that is another one, or unknown, is left alone', async () => {
  for (const applied of [
    { number: 1, digest: 'x' },
    { number: 3, digest: 'x' },
  ]) {
    const connection = recorder([applied]);
    await assert.rejects(migrate(connection, [one, two]), (error) => isGoldsmithError(error, 'HostNotReady'));
    assert.equal(connection.log.at(-1), 'rollback');
  }
});

test('the migrations are numbered from 1 without gaps', () => {
  const numbers = readMigrations().map(({ number }) => number);
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
  );
});
