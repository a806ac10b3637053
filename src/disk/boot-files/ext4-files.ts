/**
 * Files of an ext4 file system inside a raw disk, read offline by debugfs as the build user: the file system may be
 * anybody's. Names go to debugfs in its own small language, so only plain ones are accepted.
 */
import { asBuildUser, type BuildUser } from '../../host/build-user.ts';
import { runCommand } from '../../host/command.ts';
import type { DiskBytes } from '../partition-table/disk-bytes.ts';
import { isPlainPath } from './grub-menu.ts';

/** Where the superblock begins, and what stands in it (ext4 disk layout: s_magic at 0x38, s_uuid at 0x68). */
const SUPERBLOCK_OFFSET = 1024;
const MAGIC_OFFSET = 0x38;
const MAGIC = 0xef53;
const UUID_OFFSET = 0x68;

const COMMAND_TIMEOUT_MS = 30_000;
const LINK_LIMIT = 4;

export interface Ext4Source {
  readonly diskPath: string;
  readonly startBytes: number;
  readonly user: BuildUser;
  /** Written files land here. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** UUID of the ext2, 3 or 4 file system at `startBytes`, lower case; undefined when there is none. */
export async function ext4Uuid(disk: DiskBytes, startBytes: number): Promise<string | undefined> {
  const block = await disk.read(startBytes + SUPERBLOCK_OFFSET, 1024);
  if (block === undefined || block.readUInt16LE(MAGIC_OFFSET) !== MAGIC) return undefined;
  const hex = block.toString('hex', UUID_OFFSET, UUID_OFFSET + 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export interface Ext4File {
  /** Path after all links were followed. */
  readonly path: string;
  readonly sizeBytes: number;
}

/**
 * Finds a regular file, following at most four symbolic links.
 * @returns undefined when there is none, or when a link leads through a name that is not plain.
 * @throws GoldsmithError `CommandFailed`, `Cancelled`.
 */
export async function findExt4File(source: Ext4Source, path: string): Promise<Ext4File | undefined> {
  let current: string | undefined = path;
  for (let links = 0; links <= LINK_LIMIT && isPlainPath(current); links++) {
    const text: string = await ask(source, `stat ${current}`, 64 * 1024);
    const type = /\bType: (\w+)/.exec(text)?.[1];
    if (type === 'regular') {
      const size = /\bSize: (\d+)/.exec(text)?.[1];
      return size === undefined ? undefined : { path: current, sizeBytes: Number(size) };
    }
    if (type !== 'symlink') return undefined;
    current = linkTarget(current, /^Fast link dest: "(.*)"$/m.exec(text)?.[1] ?? '');
  }
  return undefined;
}

/** Text of a file that `findExt4File` found. @throws GoldsmithError `CommandFailed`, `Cancelled`. */
export async function readExt4Text(source: Ext4Source, file: Ext4File): Promise<string> {
  return ask(source, `cat ${file.path}`, file.sizeBytes);
}

/**
 * Copies a file that `findExt4File` found to `name` in the source's folder.
 * @throws GoldsmithError `CommandFailed`, `Cancelled`.
 */
export async function dumpExt4File(source: Ext4Source, file: Ext4File, name: string): Promise<void> {
  await ask(source, `dump ${file.path} ${name}`, 64 * 1024);
}

/** Absolute path of what `target` means in the folder of `link`. */
function linkTarget(link: string, target: string): string {
  return target.startsWith('/') ? target : `${link.slice(0, link.lastIndexOf('/') + 1)}${target}`;
}

async function ask(source: Ext4Source, command: string, maxOutputBytes: number): Promise<string> {
  const { diskPath, startBytes, user, folder, signal } = source;
  const argv = ['debugfs', '-R', command, `${diskPath}?offset=${startBytes}`];
  const { stdout } = await runCommand(asBuildUser(user, argv), {
    ...{ signal, maxOutputBytes },
    cwd: folder,
    timeoutMs: COMMAND_TIMEOUT_MS,
    env: { DEBUGFS_PAGER: '__none__' },
  });
  return stdout;
}
