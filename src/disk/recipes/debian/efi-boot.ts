/**
 * Makes the EFI system partition inside a disk file: Debian's signed chain (shim, GRUB) at the removable
 * path, which firmware starts without any boot variable (UEFI specification 2.10, section 3.5.1.1).
 */
import { mkdirSync, copyFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asBuildUser, type BuildUser } from '../../../host/build-user.ts';
import { runCommand } from '../../../host/command.ts';
import { KIB } from '../../../model/sizes.ts';
import { SECTOR_BYTES } from '../../partition-table/partition.ts';
import { efiGrubConfig } from './boot-config.ts';
import { ESP_BYTES, ESP_OFFSET, type DiskIds } from './disk-layout.ts';

export interface EfiBootRequest {
  readonly disk: string;
  /** Extracted tree with Debian's signed boot loaders. */
  readonly tree: string;
  readonly ids: DiskIds;
  /** Seconds since 1970 for the files. */
  readonly epoch: number;
  /** Folder for the files on their way. */
  readonly folder: string;
  readonly user: BuildUser;
  readonly signal: AbortSignal;
}

/** Formats the partition (FAT32) and fills it. */
export async function makeEfiBoot(request: EfiBootRequest): Promise<void> {
  const { disk, tree, ids, user, signal } = request;
  const env = { SOURCE_DATE_EPOCH: String(request.epoch), MTOOLS_SKIP_CHECK: '1', TZ: 'UTC' };
  const run = async (argv: readonly string[]): Promise<void> => {
    await runCommand(asBuildUser(user, argv), { signal, env });
  };
  const offset = String(ESP_OFFSET / SECTOR_BYTES);
  const format = ['mkfs.vfat', '--invariant', '-F', '32', '-s', '1', '-i', ids.volume, '-n', 'ESP'];
  await run([...format, '--offset', offset, disk, String(ESP_BYTES / KIB)]);

  const image = `${disk}@@${ESP_OFFSET}`;
  await run(['mmd', '-i', image, '::/EFI', '::/EFI/BOOT', '::/EFI/debian']);
  for (const [name, source] of stageFiles(request)) {
    await run(['mcopy', '-m', '-i', image, source, `::${name}`]);
  }

  function stageFiles({ folder, epoch }: EfiBootRequest): readonly (readonly [string, string])[] {
    const shim = join(tree, 'usr/lib/shim');
    const grub = join(tree, 'usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed');
    const files = {
      '/EFI/BOOT/BOOTX64.EFI': join(shim, 'shimx64.efi.signed'),
      '/EFI/BOOT/mmx64.efi': join(shim, 'mmx64.efi.signed'),
      '/EFI/BOOT/grubx64.efi': grub,
      '/EFI/debian/shimx64.efi': join(shim, 'shimx64.efi.signed'),
      '/EFI/debian/mmx64.efi': join(shim, 'mmx64.efi.signed'),
      '/EFI/debian/grubx64.efi': grub,
      '/EFI/debian/grub.cfg': undefined,
    };
    const staging = join(folder, 'esp');
    mkdirSync(staging, { mode: 0o755 });
    return Object.entries(files).map(([name, source], index) => {
      const staged = join(staging, String(index));
      if (source === undefined) writeFileSync(staged, efiGrubConfig(ids));
      else copyFileSync(source, staged);
      utimesSync(staged, epoch, epoch); // the copy keeps the time, so equal input gives equal bytes
      return [name, staged] as const;
    });
  }
}
