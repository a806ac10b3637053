/** Small durable values. */
import { sql, type Kysely } from 'kysely';
import type { SettingsRepository } from '../store.ts';
import type { Tables } from '../database/tables.ts';
import { toColumn } from './json-column.ts';
import { canBeStored } from './keys.ts';

const TABLE = 'goldsmith.settings';

export function createSettingsRepository(db: Kysely<Tables>): SettingsRepository {
  return {
    async get(key) {
      if (!canBeStored(key)) return undefined;
      const row = await db.selectFrom(TABLE).select('value').where('key', '=', key).executeTakeFirst();
      return row === undefined ? undefined : JSON.parse(row.value);
    },

    async insertIfAbsent(key, value) {
      const row = await db
        .insertInto(TABLE)
        .values({ key, value: toColumn(value) })
        // Writing the old value back makes the statement return the row of whoever was first.
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: sql<string>`settings.value` }))
        .returning('value')
        .executeTakeFirstOrThrow();
      return JSON.parse(row.value);
    },

    async put(key, value) {
      const column = toColumn(value);
      await db
        .insertInto(TABLE)
        .values({ key, value: column })
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: column }))
        .execute();
    },

    async list(prefix) {
      if (!canBeStored(prefix)) return [];
      const rows = await db
        .selectFrom(TABLE)
        .selectAll()
        .where(sql<boolean>`starts_with(key, ${prefix})`)
        .orderBy('key')
        .execute();
      return rows.map(({ key, value }) => ({ key, value: JSON.parse(value) }));
    },

    async remove(key) {
      if (!canBeStored(key)) return;
      await db.deleteFrom(TABLE).where('key', '=', key).execute();
    },
  };
}
