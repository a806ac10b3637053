/** Who made and who changed a resource: kept with every record, shown as `systemData` (ARM common types v3). */
import type { Principal } from '../../identity/principal.ts';
import type { ResourceRecord } from '../../store/records.ts';

type Stamp = Pick<
  ResourceRecord,
  'createdAt' | 'createdBy' | 'createdByType' | 'changedAt' | 'changedBy' | 'changedByType'
>;

/** `systemData` as the wire shows it. */
export function systemData(record: Stamp): object {
  return {
    createdBy: record.createdBy,
    createdByType: record.createdByType,
    createdAt: record.createdAt,
    lastModifiedBy: record.changedBy,
    lastModifiedByType: record.changedByType,
    lastModifiedAt: record.changedAt,
  };
}

/** The stamp of a write by `principal` at `now`; `before` is what stands there already and keeps its maker. */
export function stamp(principal: Principal, now: Date, before?: Stamp): Stamp {
  const [at, by, byType] = [now.toISOString(), principal.name, principal.type];
  return {
    createdAt: before?.createdAt ?? at,
    createdBy: before?.createdBy ?? by,
    createdByType: before?.createdByType ?? byType,
    changedAt: at,
    changedBy: by,
    changedByType: byType,
  };
}
