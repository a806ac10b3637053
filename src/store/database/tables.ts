/** The tables as they are; the migrations make them. `…_key` columns are lower-cased, JSON is text. */
import type { Generated } from 'kysely';
import type { RunState, RunSubState } from '../../model/run.ts';
import type { OperationRecord, PrincipalType } from '../records.ts';

export interface Tables {
  readonly 'goldsmith.resources': ResourcesTable;
  readonly 'goldsmith.operations': OperationsTable;
  readonly 'goldsmith.runs': RunsTable;
  readonly 'goldsmith.settings': SettingsTable;
  readonly 'goldsmith.activity': ActivityTable;
}

export interface ResourcesTable {
  readonly key: string;
  readonly id: string;
  readonly type: string;
  readonly type_key: string;
  readonly name: string;
  readonly subscription_id: string;
  readonly subscription_key: string;
  readonly resource_group: string | null;
  readonly group_key: string | null;
  readonly location: string | null;
  readonly tags: string;
  readonly tag_words: readonly string[];
  readonly body: string;
  readonly secret: string | null;
  readonly etag: string;
  readonly created_at: string;
  readonly created_by: string;
  readonly created_by_type: PrincipalType;
  readonly changed_at: string;
  readonly changed_by: string;
  readonly changed_by_type: PrincipalType;
}

export interface OperationsTable {
  readonly id: string;
  readonly subscription_id: string;
  readonly namespace: string;
  readonly location: string;
  readonly resource_id: string;
  readonly resource_key: string;
  readonly kind: string;
  readonly status: OperationRecord['status'];
  readonly start_time: string;
  readonly end_time: string | null;
  readonly percent_complete: number | null;
  readonly error: string | null;
  readonly result: string | null;
}

export interface RunsTable {
  readonly id: string;
  readonly sequence: Generated<string>;
  readonly template_id: string;
  readonly template_key: string;
  readonly operation_id: string;
  readonly state: RunState;
  readonly sub_state: RunSubState;
  readonly requested_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly message: string;
  readonly cancel_requested: boolean;
  readonly epoch: number;
  readonly worker: string | null;
  readonly lease_until: string | null;
  readonly needs: string;
  readonly record: string | null;
  readonly input: string;
}

export interface SettingsTable {
  readonly key: string;
  readonly value: string;
}

export interface ActivityTable {
  /** bigint, which the drivers give as text. */
  readonly sequence: Generated<string>;
  readonly id: string;
  readonly time: string;
  readonly subscription_key: string | null;
  readonly group_key: string | null;
  readonly resource_key: string;
  readonly namespace_key: string;
  readonly correlation_id: string;
  /** `|name|object id|`. */
  readonly caller_key: string;
  readonly entry: string;
}
