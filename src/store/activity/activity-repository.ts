/** The activity log in the database. */
import { sql, type Kysely } from 'kysely';
import type { Tables } from '../database/tables.ts';
import { toColumn } from '../repositories/json-column.ts';
import { canBeStored, keyOf } from '../repositories/keys.ts';
import { pageLimit } from '../repositories/page-limit.ts';
import type { ActivityEntry, ActivityFilter, ActivityRepository } from './activity.ts';

const TABLE = 'goldsmith.activity';

export function createActivityRepository(db: Kysely<Tables>): ActivityRepository {
  return {
    async insert(entries) {
      if (entries.length === 0) return;
      await db.insertInto(TABLE).values(entries.map(toRow)).execute();
    },

    async list(filter, page) {
      const after = page.after ?? '';
      if (!Object.values(filter).every((text: string | undefined) => canBeStored(text ?? ''))) {
        return { items: [], next: undefined };
      }
      const limit = pageLimit(page);
      const rows = await filtered(db, filter)
        .$if(/^\d{1,18}$/.test(after), (query) => query.where('sequence', '<', after))
        .select([sql<string>`sequence::text`.as('position'), 'entry'])
        .orderBy('sequence', 'desc')
        .limit(limit + 1) // one more tells whether there is another page
        .execute();
      const shown = rows.slice(0, limit);
      return {
        items: shown.map(({ entry }) => readEntry(entry)),
        next: rows.length > limit ? shown.at(-1)?.position : undefined,
      };
    },

    async prune(before, most) {
      const old = await db.deleteFrom(TABLE).where('time', '<', before).executeTakeFirst();
      const last = await db
        .selectFrom(TABLE)
        .select('sequence')
        .orderBy('sequence', 'desc')
        .offset(most)
        .limit(1)
        .executeTakeFirst();
      if (last === undefined) return Number(old.numDeletedRows);
      const many = await db.deleteFrom(TABLE).where('sequence', '<=', last.sequence).executeTakeFirst();
      return Number(old.numDeletedRows + many.numDeletedRows);
    },
  };
}

function filtered(db: Kysely<Tables>, filter: ActivityFilter) {
  const { subscriptionId, from, to, resourceGroup, resourceId, namespace, correlationId, caller } = filter;
  let query = db.selectFrom(TABLE);
  query =
    subscriptionId === undefined
      ? query.where('subscription_key', 'is', null)
      : query.where('subscription_key', '=', keyOf(subscriptionId));
  if (from !== undefined) query = query.where('time', '>=', from);
  if (to !== undefined) query = query.where('time', '<=', to);
  if (resourceGroup !== undefined) query = query.where('group_key', '=', keyOf(resourceGroup));
  if (resourceId !== undefined) query = query.where('resource_key', '=', keyOf(resourceId));
  if (namespace !== undefined) query = query.where('namespace_key', '=', keyOf(namespace));
  if (correlationId !== undefined) query = query.where('correlation_id', '=', keyOf(correlationId));
  if (caller !== undefined) query = query.where(sql<boolean>`caller_key like ${callerPattern(caller)}`);
  return query;
}

/** Callers are found by name and by object id; both stand in one column. */
function callerPattern(caller: string): string {
  return `%|${keyOf(caller).replaceAll(/[\\%_]/g, (sign) => `\\${sign}`)}|%`;
}

function toRow(entry: ActivityEntry) {
  const { id, time, subscriptionId, resourceGroup, resourceId, namespace, correlationId, caller } = entry;
  return {
    id: keyOf(id),
    time,
    subscription_key: subscriptionId === undefined ? null : keyOf(subscriptionId),
    group_key: resourceGroup === undefined ? null : keyOf(resourceGroup),
    resource_key: keyOf(resourceId),
    namespace_key: keyOf(namespace),
    correlation_id: keyOf(correlationId),
    caller_key: `|${keyOf(caller.name)}|${keyOf(caller.objectId)}|`,
    entry: toColumn(entry),
  };
}

/** What `toRow` wrote. */
function readEntry(column: string): ActivityEntry {
  return JSON.parse(column);
}
