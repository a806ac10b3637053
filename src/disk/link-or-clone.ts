/** A second name for a file's bytes, or a copy where there can be none. */
import { chmodSync } from 'node:fs';
import { link, lstat } from 'node:fs/promises';
import { giveToBuildUser, type BuildUser } from '../host/build-user.ts';
import { cloneFile } from './clone-file.ts';

/**
 * Makes `to` the file `from`, which nobody may write to any more: a hard link, or a copy with the same mode that belongs to
 * the build user.
 * @throws GoldsmithError `CommandFailed` when a copy finds no room, `Cancelled`.
 */
export async function linkOrClone(
  from: string,
  to: string,
  options: { readonly user: BuildUser; readonly signal: AbortSignal },
): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!isRefusedLink(error)) throw error;
    const { mode } = await lstat(from);
    await cloneFile(from, to, { signal: options.signal });
    chmodSync(to, mode & 0o777);
    giveToBuildUser(options.user, to);
  }
}

/** Another file system, one that knows no links, or a file with too many of them. */
function isRefusedLink(error: unknown): boolean {
  const codes: readonly unknown[] = ['EXDEV', 'EPERM', 'EMLINK', 'EOPNOTSUPP'];
  return error instanceof Error && 'code' in error && codes.includes(error.code);
}
