/** ARM resources in the database. */
import { randomUUID } from 'node:crypto';
import { sql, type Kysely, type SelectQueryBuilder } from 'kysely';
import type { Page, PageOf, ResourceFilter, ResourceRepository } from '../store.ts';
import type { ResourceDraft, ResourceRecord } from '../records.ts';
import type { Tables } from '../database/tables.ts';
import { canBeStored, keyOf } from './keys.ts';
import { pageLimit } from './page-limit.ts';
import { resourceFromRow, resourceToRow, tagWord } from './resource-row.ts';

const TABLE = 'goldsmith.resources';

export function createResourceRepository(db: Kysely<Tables>): ResourceRepository {
  return {
    async get(id) {
      if (!canBeStored(id)) return undefined;
      const row = await db.selectFrom(TABLE).selectAll().where('key', '=', keyOf(id)).executeTakeFirst();
      return row === undefined ? undefined : resourceFromRow(row);
    },

    async insert(draft) {
      const etag = randomUUID();
      const result = await db
        .insertInto(TABLE)
        .values(resourceToRow(draft, etag))
        .onConflict((conflict) => conflict.column('key').doNothing())
        .executeTakeFirst();
      return result.numInsertedOrUpdatedRows === 1n ? recordOf(draft, etag) : undefined;
    },

    async replace(draft, ifMatch) {
      const etag = randomUUID();
      const result = await db
        .updateTable(TABLE)
        .set(resourceToRow(draft, etag))
        .where('key', '=', keyOf(draft.id))
        .$if(ifMatch !== undefined, (query) => query.where('etag', '=', ifMatch ?? ''))
        .executeTakeFirst();
      return result.numUpdatedRows === 1n ? recordOf(draft, etag) : undefined;
    },

    async remove(id, ifMatch) {
      if (!canBeStored(id)) return false;
      const result = await db
        .deleteFrom(TABLE)
        .where('key', '=', keyOf(id))
        .$if(ifMatch !== undefined, (query) => query.where('etag', '=', ifMatch ?? ''))
        .executeTakeFirst();
      return result.numDeletedRows === 1n;
    },

    async list(filter, page) {
      if (!isAnswerable(filter, page)) return { items: [], next: undefined };
      return listPage(db, filter, page);
    },

    async count(filter) {
      if (!isAnswerable(filter)) return 0;
      const row = await filtered(db.selectFrom(TABLE), filter)
        .select(sql<number>`count(*)::integer`.as('count'))
        .executeTakeFirstOrThrow();
      return row.count;
    },
  };
}

async function listPage(
  db: Kysely<Tables>,
  filter: ResourceFilter,
  page: Page,
): Promise<PageOf<ResourceRecord>> {
  const limit = pageLimit(page);
  const { after } = page;
  const rows = await filtered(db.selectFrom(TABLE), filter)
    .$if(after !== undefined, (query) => query.where('key', '>', keyOf(after ?? '')))
    .selectAll()
    .orderBy('key')
    .limit(limit + 1) // one more tells whether there is another page
    .execute();
  const shown = rows.slice(0, limit);
  return {
    items: shown.map(resourceFromRow),
    next: rows.length > limit ? shown.at(-1)?.key : undefined,
  };
}

function filtered<O>(
  query: SelectQueryBuilder<Tables, typeof TABLE, O>,
  filter: ResourceFilter,
): SelectQueryBuilder<Tables, typeof TABLE, O> {
  const { subscriptionId, resourceGroup, type, under, tag } = filter;
  let narrowed = query;
  if (subscriptionId !== undefined) narrowed = narrowed.where('subscription_key', '=', keyOf(subscriptionId));
  if (resourceGroup !== undefined) narrowed = narrowed.where('group_key', '=', keyOf(resourceGroup));
  if (type !== undefined) narrowed = narrowed.where('type_key', '=', keyOf(type));
  if (under !== undefined) {
    const parent = keyOf(under).replace(/\/+$/, '');
    // In the order of bytes "0" follows "/": the range is exactly what starts with `<parent>/`.
    narrowed = narrowed.where('key', '>=', `${parent}/`).where('key', '<', `${parent}0`);
  }
  if (tag !== undefined) {
    narrowed = narrowed.where(sql<boolean>`tag_words @> array[${tagWord(tag.name, tag.value)}]::text[]`);
  }
  return narrowed;
}

function isAnswerable({ subscriptionId, resourceGroup, type, under }: ResourceFilter, page?: Page): boolean {
  return [subscriptionId, resourceGroup, type, under, page?.after].every((text) => canBeStored(text ?? ''));
}

function recordOf(draft: ResourceDraft, etag: string): ResourceRecord {
  return { ...draft, etag };
}
