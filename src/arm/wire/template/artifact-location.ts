/**
 * Where scripts and files come from (`scriptUri`, `sourceUri`) and where a VHD goes (`uri`): an http(s)
 * URL, a file: URL, or a path on the machine that runs the build.
 */
import type { Finding } from '../finding.ts';
import { textWith } from '../scalars.ts';

const maxLocationLength = 4096;
const controlCharacter = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** A location that must be there. */
export const artifactLocation = textWith(maxLocationLength, isSafeArtifactLocation);

/** A location where an empty text means the default one. */
export const artifactLocationOrEmpty = textWith(maxLocationLength, (value) =>
  value === '' ? undefined : isSafeArtifactLocation(value),
);

/** Rule: an http(s) URL with a host and without credentials, a file: URL of this machine, or a path. */
export function isSafeArtifactLocation(value: string): Finding | undefined {
  const expected = 'an http or https URL, or the path of a file';
  if (value.trim() === '' || controlCharacter.test(value)) return { expected };
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(value)?.[1]?.toLowerCase();
  if (scheme === undefined) return undefined;
  if (!['http', 'https', 'file'].includes(scheme) || !URL.canParse(value)) return { expected };
  const url = new URL(value);
  if (url.username !== '' || url.password !== '') {
    url.username = '';
    url.password = '';
    return { expected: 'a URL without a user name or password', shown: url.href.slice(0, 200) };
  }
  if (scheme === 'file') return url.host === '' ? undefined : { expected: 'a file: URL without a host' };
  return /^https?:\/\/[^/]/i.test(value) ? undefined : { expected };
}
