/** Long-running operations in the database. */
import { sql, type Kysely, type Selectable, type Updateable } from 'kysely';
import type { OperationRepository } from '../store.ts';
import type { OperationRecord } from '../records.ts';
import type { OperationsTable, Tables } from '../database/tables.ts';
import { toOptionalColumn } from './json-column.ts';
import { canBeStored, keyOf } from './keys.ts';

const TABLE = 'goldsmith.operations';

export function createOperationRepository(db: Kysely<Tables>): OperationRepository {
  return {
    async insert(operation) {
      await db
        .insertInto(TABLE)
        .values({
          id: keyOf(operation.id),
          subscription_id: operation.subscriptionId,
          namespace: operation.namespace,
          location: operation.location,
          resource_id: operation.resourceId,
          resource_key: keyOf(operation.resourceId),
          kind: operation.kind,
          status: operation.status,
          start_time: operation.startTime,
          end_time: operation.endTime ?? null,
          percent_complete: operation.percentComplete ?? null,
          error: toOptionalColumn(operation.error),
          result: toOptionalColumn(operation.result),
        })
        .execute();
    },

    async get(id) {
      if (!canBeStored(id)) return undefined;
      const row = await db.selectFrom(TABLE).selectAll().where('id', '=', keyOf(id)).executeTakeFirst();
      return row === undefined ? undefined : operationFromRow(row);
    },

    async update(id, change) {
      const columns = changedColumns(change);
      if (Object.keys(columns).length === 0) return isPending(db, id);
      const result = await db
        .updateTable(TABLE)
        .set(columns)
        .where('id', '=', keyOf(id))
        .where('status', '=', 'InProgress')
        .executeTakeFirst();
      return result.numUpdatedRows === 1n;
    },

    async pendingOf(resourceId) {
      const rows = await db
        .selectFrom(TABLE)
        .selectAll()
        .where('resource_key', '=', keyOf(resourceId))
        .where('status', '=', sql.lit('InProgress')) // a literal, or the partial index is not used
        .orderBy('start_time')
        .orderBy('id')
        .execute();
      return rows.map(operationFromRow);
    },

    async removeEndedBefore(time) {
      const result = await db
        .deleteFrom(TABLE)
        .where('status', '!=', 'InProgress')
        .where(sql<boolean>`end_time::timestamptz < ${time}::timestamptz`)
        .executeTakeFirst();
      return Number(result.numDeletedRows);
    },
  };
}

async function isPending(db: Kysely<Tables>, id: string): Promise<boolean> {
  const row = await db.selectFrom(TABLE).select('status').where('id', '=', keyOf(id)).executeTakeFirst();
  return row?.status === 'InProgress';
}

function changedColumns(change: Parameters<OperationRepository['update']>[1]): Updateable<OperationsTable> {
  return {
    ...('status' in change ? { status: change.status } : {}),
    ...('endTime' in change ? { end_time: change.endTime ?? null } : {}),
    ...('percentComplete' in change ? { percent_complete: change.percentComplete ?? null } : {}),
    ...('error' in change ? { error: toOptionalColumn(change.error) } : {}),
    ...('result' in change ? { result: toOptionalColumn(change.result) } : {}),
    ...(change.resourceId === undefined
      ? {}
      : { resource_id: change.resourceId, resource_key: keyOf(change.resourceId) }),
  };
}

function operationFromRow(row: Selectable<OperationsTable>): OperationRecord {
  return {
    id: row.id,
    subscriptionId: row.subscription_id,
    namespace: row.namespace,
    location: row.location,
    resourceId: row.resource_id,
    kind: row.kind,
    status: row.status,
    startTime: row.start_time,
    endTime: row.end_time ?? undefined,
    percentComplete: row.percent_complete ?? undefined,
    error: row.error === null ? undefined : JSON.parse(row.error),
    result: row.result === null ? undefined : JSON.parse(row.result),
  };
}
