/** Copies of disks that cost as little as the file system allows. */
import { dirname, resolve } from 'node:path';
import { runCommand } from '../host/command.ts';
import { GoldsmithError, isGoldsmithError } from '../model/errors.ts';
import { publishFile } from './publish-file.ts';

/** What `cp` says of ENOSPC, EDQUOT and EFBIG. */
const NO_ROOM = /No space left on device|Disk quota exceeded|File too large/;

export interface CloneOptions {
  readonly signal: AbortSignal;
  /**
   * Also turn long runs of written zeros into holes; costs a look at every byte that is copied. `always`: even where the
   * blocks could be shared instead.
   */
  readonly findZeros?: 'always' | 'when-copied';
}

/**
 * Copies the disk file `from` to `to`: blocks are shared where the file system can (reflink), else only
 * data extents are copied and holes stay holes. Node's own `copyFile` fills holes in, so it must never be
 * used on a disk. The copy is readable and writable by its owner whatever the mode of `from` is, and
 * appears under its name only when whole; it is not synced.
 * @throws GoldsmithError `InsufficientResources` when there is no room, `CommandFailed` (no such file), `Cancelled`; no file
 * is left then.
 */
export async function cloneFile(from: string, to: string, options: CloneOptions): Promise<void> {
  await publishFile(to, (staging) => copySparse(resolve(from), staging, options), {
    signal: options.signal,
    durable: false,
  });
}

/**
 * Copies what an open descriptor refers to, the way {@link cloneFile} does. The file cannot be swapped for
 * another between the opening and the copy.
 */
export async function cloneDescriptor(fd: number, to: string, options: CloneOptions): Promise<void> {
  await publishFile(to, (staging) => copySparse('/proc/self/fd/3', staging, { ...options, fd }), {
    signal: options.signal,
    durable: false,
  });
}

async function copySparse(
  from: string,
  to: string,
  options: CloneOptions & { readonly fd?: number },
): Promise<void> {
  // what is shared is not looked at
  const reflink = options.findZeros === 'always' ? 'never' : 'auto';
  const sparse = options.findZeros === undefined ? 'auto' : 'always';
  const argv = [
    'cp',
    `--reflink=${reflink}`,
    `--sparse=${sparse}`,
    '--no-preserve=mode',
    '--',
    from,
    resolve(to),
  ];
  const extraFds = options.fd === undefined ? [] : [options.fd];
  try {
    await runCommand(argv, { signal: options.signal, extraFds });
  } catch (cause) {
    if (!isGoldsmithError(cause, 'CommandFailed') || !NO_ROOM.test(cause.message)) throw cause;
    const folder = dirname(resolve(to));
    throw new GoldsmithError('InsufficientResources', `There is no room left for the disk in ${folder}`, {
      cause,
      hint: 'Free some space there, or choose a folder on a larger file system.',
    });
  }
}
