/** ARM resources as rows. */
import type { Insertable, Selectable } from 'kysely';
import type { ResourceDraft, ResourceRecord } from '../records.ts';
import type { ResourcesTable } from '../database/tables.ts';
import { toColumn, toOptionalColumn } from './json-column.ts';
import { keyOf } from './keys.ts';

export function resourceToRow(draft: ResourceDraft, etag: string): Insertable<ResourcesTable> {
  return {
    key: keyOf(draft.id),
    id: draft.id,
    type: draft.type,
    type_key: keyOf(draft.type),
    name: draft.name,
    subscription_id: draft.subscriptionId,
    subscription_key: keyOf(draft.subscriptionId),
    resource_group: draft.resourceGroup ?? null,
    group_key: draft.resourceGroup === undefined ? null : keyOf(draft.resourceGroup),
    location: draft.location ?? null,
    tags: toColumn(draft.tags),
    tag_words: Object.entries(draft.tags).flatMap(([name, value]) => [tagWord(name), tagWord(name, value)]),
    body: toColumn(draft.body),
    secret: toOptionalColumn(draft.secret),
    etag,
    created_at: draft.createdAt,
    created_by: draft.createdBy,
    created_by_type: draft.createdByType,
    changed_at: draft.changedAt,
    changed_by: draft.changedBy,
    changed_by_type: draft.changedByType,
  };
}

export function resourceFromRow(row: Selectable<ResourcesTable>): ResourceRecord {
  return {
    id: row.id,
    type: row.type,
    name: row.name,
    subscriptionId: row.subscription_id,
    resourceGroup: row.resource_group ?? undefined,
    location: row.location ?? undefined,
    tags: JSON.parse(row.tags),
    body: JSON.parse(row.body),
    secret: row.secret === null ? undefined : JSON.parse(row.secret),
    etag: row.etag,
    createdAt: row.created_at,
    createdBy: row.created_by,
    createdByType: row.created_by_type,
    changedAt: row.changed_at,
    changedBy: row.changed_by,
    changedByType: row.changed_by_type,
  };
}

/** What a tag is found by. Names of tags compare without regard to case, values exactly. */
export function tagWord(name: string, value?: string): string {
  return JSON.stringify(value === undefined ? [keyOf(name)] : [keyOf(name), value]);
}
