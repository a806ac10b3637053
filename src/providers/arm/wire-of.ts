/** A stored resource as the wire shows it, when its provider has nothing to add. */
import type { ResourceRecord } from '../../store/records.ts';
import { systemData } from './system-data.ts';

export interface WireOptions {
  /** Show the etag in the body, as network resources do. */
  readonly etag?: boolean;
  /** Default true; some older types have none. */
  readonly systemData?: boolean;
  /** Show `tags: {}` when there are none. */
  readonly emptyTags?: boolean;
}

/** Id, name, type, location, tags, `systemData`, then the body. What is secret stays out. */
export function wireOf(record: ResourceRecord, options: WireOptions = {}): Readonly<Record<string, unknown>> {
  const hasTags = Object.keys(record.tags).length > 0 || options.emptyTags === true;
  return {
    id: record.id,
    name: record.name,
    type: record.type,
    ...(record.location === undefined ? {} : { location: record.location }),
    ...(hasTags ? { tags: record.tags } : {}),
    ...(options.etag === true ? { etag: quotedEtag(record.etag) } : {}),
    ...(options.systemData === false ? {} : { systemData: systemData(record) }),
    ...record.body,
  };
}

/** An etag as headers and bodies show it: quoted (RFC 9110, section 8.8.3). */
export function quotedEtag(etag: string): string {
  return `"${etag}"`;
}
