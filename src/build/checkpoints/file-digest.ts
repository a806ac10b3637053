/** Digests of the files of a checkpoint. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { digestDisk } from '../../disk/disk-digest.ts';
import { throwIfCancelled } from '../../disk/publish-file.ts';
import { MIB } from '../../model/sizes.ts';

/** Below this, finding the holes costs more than reading them. */
const PLAIN_LIMIT_BYTES = 16 * MIB;

/** The disk digest of a large file, which skips its holes; `sha256:<hex>` of a small one. */
export async function digestFile(path: string, sizeBytes: number, signal: AbortSignal): Promise<string> {
  if (sizeBytes >= PLAIN_LIMIT_BYTES) return digestDisk(path, { sizeBytes, signal, besideGuest: true });
  throwIfCancelled(signal);
  return `sha256:${createHash('sha256')
    .update(await readFile(path))
    .digest('hex')}`;
}

/** True when the file still has `digest`. A file of another length never has. */
export async function hasDigest(
  path: string,
  expected: { readonly sizeBytes: number; readonly digest: string },
  signal: AbortSignal,
): Promise<boolean> {
  return (await digestFile(path, expected.sizeBytes, signal)) === expected.digest;
}
