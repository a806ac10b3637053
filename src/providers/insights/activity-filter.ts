/** `$filter` of the activity log: comparisons joined by `and`, dates without quotes, as clients write them. */
import { ArmError } from '../../arm/arm-error.ts';
import type { ActivityEntry, ActivityFilter } from '../../store/activity/activity.ts';
import { activityStatus } from './activity-wire.ts';

export interface ReadActivityFilter {
  readonly filter: Omit<ActivityFilter, 'subscriptionId'>;
  /** What the database does not look at. */
  readonly accepts: (entry: ActivityEntry) => boolean;
}

const part = /^(\w+)\s+(eq|ge|le)\s+(?:'((?:[^']|'')*)'|(\S+))$/i;
const fields = {
  resourcegroupname: 'resourceGroup',
  resourceid: 'resourceId',
  resourceuri: 'resourceId',
  resourceprovider: 'namespace',
  correlationid: 'correlationId',
  caller: 'caller',
} as const;

/** @throws ArmError 400 `BadRequest` for what would be ignored otherwise. */
export function readActivityFilter(text: string | undefined): ReadActivityFilter {
  const filter: Partial<Record<keyof ActivityFilter, string>> = {};
  let status: string | undefined;
  for (const piece of (text ?? '').split(/\s+and\s+/i).filter((one) => one.trim() !== '')) {
    const [, name = '', operator = '', quoted, bare] = part.exec(piece.trim()) ?? [];
    const value = quoted?.replaceAll("''", "'") ?? bare ?? '';
    const key = name.toLowerCase();
    const field = Object.entries(fields).find(([known]) => known === key)?.[1];
    if (key === 'eventtimestamp' && operator.toLowerCase() === 'ge') filter.from = readTime(value);
    else if (key === 'eventtimestamp' && operator.toLowerCase() === 'le') filter.to = readTime(value);
    else if (field !== undefined && operator.toLowerCase() === 'eq') filter[field] = value;
    else if (key === 'status' && operator.toLowerCase() === 'eq') status = value.toLowerCase();
    // "eventChannels eq 'Admin, Operation'" and "levels eq …" choose among kinds that all are here.
    else if (key !== 'eventchannels' && key !== 'levels') throw badFilter(piece);
  }
  return {
    filter,
    accepts: (entry) => status === undefined || activityStatus(entry).toLowerCase() === status,
  };
}

/** Times without a zone are UTC, as az writes them. */
function readTime(text: string): string {
  const zoned = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(text) || !text.includes('T') ? text : `${text}Z`;
  const time = new Date(zoned);
  if (Number.isNaN(time.getTime())) throw badFilter(text);
  return time.toISOString();
}

function badFilter(text: string): ArmError {
  return new ArmError(
    400,
    'BadRequest',
    `The filter '${text.slice(0, 200)}' is not supported by the activity log.`,
  );
}
