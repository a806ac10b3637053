/** Names and places of files that a template asks for. */
import { createHash } from 'node:crypto';
import { lstat, open } from 'node:fs/promises';
import { VHD_FOOTER_BYTES } from '../disk/vhd-footer.ts';
import { GoldsmithError } from '../model/errors.ts';

const MAX_NAME_LENGTH = 150;

/**
 * One file name, without ending, for a name out of a template: readable, in no other folder, not hidden.
 * Names that had to be changed carry a few digits of their digest, so that they stay different.
 */
export function fileNameFor(name: string): string {
  const safe = name.replaceAll(/[^A-Za-z0-9._-]/g, '_').replace(/^([.-]+|$)/, '_');
  if (safe === name && safe.length <= MAX_NAME_LENGTH) return safe;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${safe.slice(0, MAX_NAME_LENGTH)}-${digest}`;
}

/**
 * Makes sure that writing a VHD to `path` destroys nothing but an older VHD: templates come from others.
 * @throws GoldsmithError `Conflict`.
 */
export async function requireReplaceable(path: string): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (found.isFile() && (found.size === 0 || (await endsAsVhd(path, found.size)))) return;
  throw new GoldsmithError('Conflict', `${path} exists and is not a VHD; it is not replaced`, {
    hint: 'Remove it or choose another uri.',
  });
}

async function endsAsVhd(path: string, sizeBytes: number): Promise<boolean> {
  if (sizeBytes < VHD_FOOTER_BYTES) return false;
  await using file = await open(path, 'r');
  const cookie = Buffer.alloc(8);
  await file.read(cookie, 0, cookie.length, sizeBytes - VHD_FOOTER_BYTES);
  return cookie.toString('latin1') === 'conectix';
}
