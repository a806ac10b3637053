/** Runs in the database. Every write by a worker counts only under the epoch of its claim. */
import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { RunState } from '../../model/run.ts';
import type { RunFilter, RunRepository } from '../store.ts';
import type { ServiceRun } from '../records.ts';
import type { Tables } from '../database/tables.ts';
import { canBeStored, keyOf } from './keys.ts';
import { runChangeToRow, runFromRow, runToRow } from './run-row.ts';

const TABLE = 'goldsmith.runs';
/** Literals, so that the partial index of unfinished runs serves. */
const isUnfinished = sql<boolean>`state in ('Running', 'Canceling')`;

export function createRunRepository(db: Kysely<Tables>): RunRepository {
  return {
    async insert(run) {
      await db.insertInto(TABLE).values(runToRow(run)).execute();
    },

    async get(id) {
      if (!canBeStored(id)) return undefined;
      const row = await db.selectFrom(TABLE).selectAll().where('id', '=', keyOf(id)).executeTakeFirst();
      return row === undefined ? undefined : runFromRow(row);
    },

    async list(filter, limit) {
      return listRuns(db, filter, limit);
    },

    async lastOf(templateId) {
      return (await listRuns(db, { templateId }, 1))[0];
    },

    async claim(id, worker, now, leaseUntil) {
      const row = await db
        .updateTable(TABLE)
        .set({ worker, lease_until: leaseUntil, epoch: sql<number>`epoch + 1` })
        .where('id', '=', keyOf(id))
        .where(isUnfinished)
        .where(sql<boolean>`(lease_until is null or lease_until::timestamptz <= ${now}::timestamptz)`)
        .returningAll()
        .executeTakeFirst();
      return row === undefined ? undefined : runFromRow(row);
    },

    async renew(id, epoch, leaseUntil) {
      const result = await db
        .updateTable(TABLE)
        .set({ lease_until: leaseUntil })
        .where('id', '=', keyOf(id))
        .where('epoch', '=', epoch)
        .executeTakeFirst();
      return result.numUpdatedRows === 1n;
    },

    async update(id, epoch, change) {
      const { state } = change;
      const result = await db
        .updateTable(TABLE)
        .set({
          ...runChangeToRow(change),
          state: state === undefined ? sql<RunState>`state` : nextState(state),
        })
        .where('id', '=', keyOf(id))
        .where('epoch', '=', epoch)
        .where(isUnfinished)
        .executeTakeFirst();
      return result.numUpdatedRows === 1n;
    },

    async release(id, epoch) {
      const result = await db
        .updateTable(TABLE)
        // A new epoch, so that a late write of the old holder does not count.
        .set({ worker: null, lease_until: null, epoch: sql<number>`epoch + 1` })
        .where('id', '=', keyOf(id))
        .where('epoch', '=', epoch)
        .where(isUnfinished)
        .executeTakeFirst();
      return result.numUpdatedRows === 1n;
    },

    async requestCancel(id) {
      const row = await db
        .updateTable(TABLE)
        .set({ cancel_requested: true, state: 'Canceling' })
        .where('id', '=', keyOf(id))
        .where(isUnfinished)
        .returningAll()
        .executeTakeFirst();
      return row === undefined ? undefined : runFromRow(row);
    },

    async removeOf(templateId) {
      const result = await db
        .deleteFrom(TABLE)
        .where('template_key', '=', keyOf(templateId))
        .executeTakeFirst();
      return Number(result.numDeletedRows);
    },
  };
}

async function listRuns(
  db: Kysely<Tables>,
  filter: RunFilter,
  limit: number,
): Promise<readonly ServiceRun[]> {
  const { templateId, states, subState } = filter;
  if (states?.length === 0 || !canBeStored(templateId ?? '')) return [];
  let query = db.selectFrom(TABLE).selectAll();
  if (templateId !== undefined) query = query.where('template_key', '=', keyOf(templateId));
  if (states !== undefined) {
    query = query.where('state', 'in', states);
    if (states.every((state) => state === 'Running' || state === 'Canceling'))
      query = query.where(isUnfinished);
  }
  if (subState !== undefined) query = query.where('sub_state', '=', subState);
  const rows = await query.orderBy('sequence', 'desc').limit(limit).execute();
  return rows.map(runFromRow);
}

/** A worker that has not heard of the cancellation yet does not undo it. */
function nextState(state: RunState): RawBuilder<RunState> {
  return state === 'Running'
    ? sql<RunState>`case when state = 'Canceling' then state else 'Running' end`
    : sql<RunState>`${state}`;
}
