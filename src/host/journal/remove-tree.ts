/** Removes a folder whoever its files belong to. */
import { rm } from 'node:fs/promises';
import { runCommand } from '../command.ts';

/**
 * Removes `path` and everything below it; a missing path is fine. An ordinary user cannot delete files that a
 * user namespace made for subordinate ids (a root file system under construction), so such a tree is removed
 * from inside a namespace with the same mapping.
 * @throws the file system's error when that fails too, GoldsmithError `Cancelled`.
 */
export async function removeTree(path: string, signal: AbortSignal): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!isPermissionError(error) || process.getuid?.() === 0) throw error;
    await runCommand(['unshare', '--map-root-user', '--map-auto', 'rm', '-rf', '--', path], { signal });
  }
}

function isPermissionError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM');
}
