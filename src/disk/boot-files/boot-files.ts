/**
 * How a raw disk would boot, found out without running anything: the kernel, the initial RAM disk and the command
 * line that its boot menu names. A machine can then be started from them without its firmware's disk drivers and
 * its boot loader. Whatever is not the plain case is answered with undefined: such a disk boots by itself.
 */
import { lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildUser } from '../../host/build-user.ts';
import { isGoldsmithError } from '../../model/errors.ts';
import { MIB } from '../../model/sizes.ts';
import { openDiskBytes } from '../partition-table/disk-bytes.ts';
import { findPartitions } from '../partition-table/find-partitions.ts';
import {
  dumpExt4File,
  ext4Uuid,
  findExt4File,
  readExt4Text,
  type Ext4File,
  type Ext4Source,
} from './ext4-files.ts';
import { defaultEntry, type MenuEntry } from './grub-menu.ts';

export interface BootFiles {
  /** File with the kernel, on this host. */
  readonly kernelPath: string;
  readonly initrdPath: string;
  /** The disk's own kernel parameters; printable ASCII, at most 1024 characters. */
  readonly commandLine: string;
  /** Path of the kernel in the guest, of plain characters, for people. */
  readonly kernelName: string;
}

export interface BootFilesOptions {
  /** Private folder for the files; must exist and belong to the build user. */
  readonly folder: string;
  readonly user: BuildUser;
  readonly signal: AbortSignal;
}

const MENU_LIMIT_BYTES = MIB;
const KERNEL_LIMIT_BYTES = 64 * MIB;
const INITRD_LIMIT_BYTES = 512 * MIB;

/** Linux/x86 boot protocol: "HdrS" stands at 0x202 of every kernel since protocol 2.00. */
const KERNEL_MAGIC_OFFSET = 0x202;
const KERNEL_MAGIC = 'HdrS';

/**
 * Reads what the disk boots into `folder`.
 * @returns undefined when the disk does not boot in the one way that is understood: GRUB's plain menu, kernel and
 *   initial RAM disk on the only ext4 file system of the disk, which is also the root file system.
 * @throws GoldsmithError `SourceInvalid` when the disk cannot be opened, `Cancelled`.
 */
export async function readBootFiles(
  diskPath: string,
  options: BootFilesOptions,
): Promise<BootFiles | undefined> {
  const { folder, user, signal } = options;
  const root = diskPath.includes('?') ? undefined : await onlyExt4(diskPath); // debugfs parses options after a `?`
  if (root === undefined) return undefined;
  const source = { diskPath, startBytes: root.startBytes, user, folder, signal };
  try {
    const entry = await menuEntry(source);
    if (entry === undefined || entry.rootUuid !== root.uuid) return undefined;
    const kernelPath = await fetchFile(source, entry.kernelPath, 'kernel', KERNEL_LIMIT_BYTES);
    const initrdPath = await fetchFile(source, entry.initrdPath, 'initrd', INITRD_LIMIT_BYTES);
    if (kernelPath === undefined || initrdPath === undefined || !(await isKernel(kernelPath)))
      return undefined;
    return { kernelPath, initrdPath, commandLine: entry.commandLine, kernelName: entry.kernelPath };
  } catch (error) {
    if (signal.aborted || !isGoldsmithError(error, 'CommandFailed')) throw error;
    return undefined; // debugfs does not understand the file system
  }
}

/** Two file systems could both hold a boot folder; which one counts is for the boot loader to say. */
async function onlyExt4(diskPath: string): Promise<{ startBytes: number; uuid: string } | undefined> {
  const partitions = await findPartitions(diskPath);
  await using disk = await openDiskBytes(diskPath);
  const found: { startBytes: number; uuid: string }[] = [];
  for (const { startBytes } of partitions) {
    const uuid = await ext4Uuid(disk, startBytes);
    if (uuid !== undefined) found.push({ startBytes, uuid });
  }
  return found.length === 1 ? found[0] : undefined;
}

async function menuEntry(source: Ext4Source): Promise<MenuEntry | undefined> {
  const menu = await findExt4File(source, '/boot/grub/grub.cfg');
  if (menu === undefined || menu.sizeBytes > MENU_LIMIT_BYTES) return undefined;
  if (await choosesAnotherEntry(source)) return undefined;
  return defaultEntry(await readExt4Text(source, menu));
}

/** A reboot into another entry was asked for (grub-reboot), or the administrator's own menu file is there. */
async function choosesAnotherEntry(source: Ext4Source): Promise<boolean> {
  if ((await findExt4File(source, '/boot/grub/custom.cfg')) !== undefined) return true;
  const environment = await findExt4File(source, '/boot/grub/grubenv');
  if (environment === undefined) return false;
  if (environment.sizeBytes > MENU_LIMIT_BYTES) return true;
  return /^next_entry=./m.test(await readExt4Text(source, environment));
}

async function fetchFile(
  source: Ext4Source,
  path: string,
  name: string,
  limitBytes: number,
): Promise<string | undefined> {
  const file: Ext4File | undefined = await findExt4File(source, path);
  if (file === undefined || file.sizeBytes > limitBytes) return undefined;
  await dumpExt4File(source, file, name);
  const copy = join(source.folder, name);
  const written = await lstat(copy).catch(() => undefined);
  const whole = written?.isFile() === true && written.size === file.sizeBytes && file.sizeBytes > 0;
  return whole ? copy : undefined;
}

async function isKernel(path: string): Promise<boolean> {
  await using file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, KERNEL_MAGIC_OFFSET);
  return bytesRead === 4 && buffer.toString('latin1') === KERNEL_MAGIC;
}
