/** Conditional writes: `If-Match` and `If-None-Match` (RFC 9110, section 13.1; ARM RPC "resource API reference"). */
import { ArmError } from '../../arm/arm-error.ts';
import type { ResourceRecord } from '../../store/records.ts';
import { quotedEtag } from './wire-of.ts';

/**
 * Holds the conditions of a request against what is stored.
 * @returns the etag to hand to `replace` or `remove`, so that nobody comes in between; undefined: any will do.
 * @throws ArmError 412 `PreconditionFailed`.
 */
export function checkEtag(headers: Headers, record: ResourceRecord | undefined): string | undefined {
  const none = headers.get('if-none-match');
  if (none !== null && record !== undefined && names(none, record)) throw preconditionFailed();
  const match = headers.get('if-match');
  if (match === null) return undefined;
  if (record === undefined || !names(match, record)) throw preconditionFailed();
  return match.trim() === '*' ? undefined : record.etag;
}

/** The answer when somebody else was faster than a conditional write. */
export function preconditionFailed(): ArmError {
  return new ArmError(
    412,
    'PreconditionFailed',
    'The condition of the If-Match or If-None-Match header is not met: the resource was changed in the meantime or is not there.',
  );
}

function names(header: string, record: ResourceRecord): boolean {
  if (header.trim() === '*') return true;
  return header
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''))
    .some((tag) => tag === quotedEtag(record.etag) || tag === record.etag);
}
