/**
 * A machine's memory as a file that has no name: the machine and its holder have it open, nobody else finds it, and it is
 * gone with the last of them, however they end. It holds every secret of the guest.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, fchownSync, ftruncateSync, openSync, statfsSync, unlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cloneDescriptor } from '../disk/clone-file.ts';
import type { BuildUser } from '../host/build-user.ts';
import { runCommand } from '../host/command.ts';

export interface MemoryFile extends Disposable {
  /** Open for reading and writing. */
  readonly fd: number;
  readonly sizeBytes: number;
}

export interface MemoryFileOptions {
  readonly sizeBytes: number;
  /** Where the file goes when there is no room for it in memory; must exist. */
  readonly folder: string;
  readonly user: BuildUser;
}

/** A file system in memory, where a guest's writes never wait for a disk. */
const MEMORY_FOLDER = '/dev/shm';
/** `statfs(2)`. */
const TMPFS_MAGIC = 0x01021994;
/** Part of the memory file system that stays free for others. */
const SPARE_PART = 1 / 4;

/** Makes the file, full of zeros that take no room. */
export function createMemoryFile({ sizeBytes, folder, user }: MemoryFileOptions): MemoryFile {
  const path = join(hasRoomInMemory(sizeBytes) ? MEMORY_FOLDER : folder, `goldsmith-${randomUUID()}`);
  const fd = openSync(path, 'wx+', 0o600);
  try {
    unlinkSync(path);
    if (user.dropsPrivileges) fchownSync(fd, user.uid, user.gid);
    ftruncateSync(fd, sizeBytes);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return { fd, sizeBytes, [Symbol.dispose]: () => closeSync(fd) };
}

/** Copies the memory to a new file at `path`; what is zero takes no room there. */
export async function copyMemory(from: MemoryFile, path: string, signal: AbortSignal): Promise<void> {
  await cloneDescriptor(from.fd, path, { signal, findZeros: 'when-copied' });
}

/** Fills a new memory file with what {@link copyMemory} wrote to `path`. */
export async function fillMemory(to: MemoryFile, path: string, signal: AbortSignal): Promise<void> {
  const argv = ['cp', '--sparse=always', '--no-preserve=mode', '--', resolve(path), '/proc/self/fd/3'];
  await runCommand(argv, { signal, extraFds: [to.fd] });
}

function hasRoomInMemory(sizeBytes: number): boolean {
  try {
    const { type, bavail, blocks, bsize } = statfsSync(MEMORY_FOLDER);
    return type === TMPFS_MAGIC && (bavail - blocks * SPARE_PART) * bsize >= sizeBytes;
  } catch {
    return false; // there is no such folder
  }
}
