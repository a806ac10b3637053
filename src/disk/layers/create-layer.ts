/** An empty layer that takes the writes of a machine. */
import { open, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { asBuildUser, type BuildUser } from '../../host/build-user.ts';
import { runCommand } from '../../host/command.ts';
import { GoldsmithError } from '../../model/errors.ts';
import { throwIfCancelled } from '../publish-file.ts';

export interface CreateLayerOptions {
  readonly signal: AbortSignal;
  /** Whom the file will belong to. */
  readonly user: BuildUser;
}

/**
 * Subclusters of 4 KiB, the block size of guests' file systems: a small write copies nothing from the layers
 * below. With QEMU's plain clusters of 64 KiB it takes sixteen times the space, and ten times the time. The
 * tables of a disk of up to 256 GiB fit into QEMU's default cache.
 */
const FORMAT_OPTIONS = 'extended_l2=on,cluster_size=128k';

/**
 * Makes an empty qcow2 of `sizeBytes` at `path`, readable and writable by the build user alone. Its header
 * names no backing file: what lies below is said when the chain is opened.
 * @param sizeBytes A multiple of 512; larger than the layers below to grow the disk.
 * @throws GoldsmithError `Conflict` when the file exists already, `Internal` for an impossible size,
 * `CommandFailed`, `Cancelled`; no file is left by a failure.
 */
export async function createLayer(
  path: string,
  sizeBytes: number,
  options: CreateLayerOptions,
): Promise<void> {
  const { signal, user } = options;
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0 || sizeBytes % 512 !== 0) {
    throw new GoldsmithError('Internal', `A disk layer cannot be ${sizeBytes} bytes large`);
  }
  throwIfCancelled(signal);
  await createEmptyFile(path, user);
  const argv = ['qemu-img', 'create', '-q', '-f', 'qcow2', '-o', FORMAT_OPTIONS];
  try {
    await runCommand(asBuildUser(user, [...argv, resolve(path), String(sizeBytes)]), { signal });
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** qemu-img keeps the mode and the owner of the file that it finds. */
async function createEmptyFile(path: string, user: BuildUser): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      if (user.dropsPrivileges) await file.chown(user.uid, user.gid);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') {
      throw new GoldsmithError('Conflict', 'The disk layer exists already', { cause, internal: path });
    }
    throw cause;
  }
}
