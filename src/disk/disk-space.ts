/** Room on the file system, asked before the work and not found out in the middle of it. */
import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { GoldsmithError } from '../model/errors.ts';
import { formatBytes } from '../model/sizes.ts';

/** Bytes that this user can still write where `path` is or will be. */
export async function availableBytes(path: string): Promise<number> {
  let folder = resolve(path);
  for (;;) {
    try {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!missing || dirname(folder) === folder) throw error;
      folder = dirname(folder);
    }
  }
}

/**
 * Makes sure that `bytes` can be written at `path`.
 * @param what names the thing to be written, for example `the copy of the base image`.
 * @throws GoldsmithError `InsufficientResources` that says how much is needed and how much is there.
 */
export async function requireSpace(path: string, bytes: number, what: string): Promise<void> {
  const available = await availableBytes(path);
  if (available >= bytes) return;
  throw new GoldsmithError(
    'InsufficientResources',
    `Not enough disk space for ${what}: ${formatBytes(bytes)} needed, ${formatBytes(available)} available`,
    { internal: `at ${path}`, hint: 'Free some space or put GOLDSMITH_HOME on a larger file system.' },
  );
}
