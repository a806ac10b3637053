/** Runs as rows. */
import type { Insertable, Selectable, Updateable } from 'kysely';
import type { RunChange } from '../store.ts';
import type { ServiceRun } from '../records.ts';
import type { RunsTable } from '../database/tables.ts';
import { toColumn, toOptionalColumn } from './json-column.ts';
import { keyOf } from './keys.ts';

export function runToRow(run: ServiceRun): Insertable<RunsTable> {
  return {
    id: keyOf(run.id),
    template_id: run.templateId,
    template_key: keyOf(run.templateId),
    operation_id: run.operationId,
    state: run.state,
    sub_state: run.subState,
    requested_at: run.requestedAt,
    started_at: run.startedAt ?? null,
    ended_at: run.endedAt ?? null,
    message: run.message,
    cancel_requested: run.cancelRequested,
    epoch: run.epoch,
    worker: run.worker ?? null,
    lease_until: run.leaseUntil ?? null,
    needs: toColumn(run.needs),
    record: toOptionalColumn(run.record),
    input: toColumn(run.input),
  };
}

/** The columns of a change, its state excepted. */
export function runChangeToRow(change: RunChange): Updateable<RunsTable> {
  return {
    ...(change.subState === undefined ? {} : { sub_state: change.subState }),
    ...('startedAt' in change ? { started_at: change.startedAt ?? null } : {}),
    ...('endedAt' in change ? { ended_at: change.endedAt ?? null } : {}),
    ...(change.message === undefined ? {} : { message: change.message }),
    ...('record' in change ? { record: toOptionalColumn(change.record) } : {}),
  };
}

export function runFromRow(row: Selectable<RunsTable>): ServiceRun {
  return {
    id: row.id,
    templateId: row.template_id,
    operationId: row.operation_id,
    state: row.state,
    subState: row.sub_state,
    requestedAt: row.requested_at,
    startedAt: row.started_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
    message: row.message,
    cancelRequested: row.cancel_requested,
    epoch: row.epoch,
    worker: row.worker ?? undefined,
    leaseUntil: row.lease_until ?? undefined,
    needs: JSON.parse(row.needs),
    record: row.record === null ? undefined : JSON.parse(row.record),
    input: JSON.parse(row.input),
  };
}
