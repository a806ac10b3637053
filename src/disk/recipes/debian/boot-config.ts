/** Files of the root and boot file systems that name the disk's own identifiers. */
import type { Generation } from '../../../model/image-template.ts';
import type { DiskIds } from './disk-layout.ts';
import { KERNEL_ARGUMENTS } from './guest-files.ts';
import type { ArchiveFile } from './tar-archive.ts';

/** Laid over the extracted tree before it becomes a file system. */
export function filesOfDisk(generation: Generation, ids: DiskIds): readonly ArchiveFile[] {
  return [
    { path: '/etc/fstab', content: fstab(generation, ids) },
    { path: '/boot/grub/grub.cfg', content: firstMenu(ids), mode: 0o600 },
  ];
}

/** What the signed GRUB on the EFI system partition reads first; its built-in prefix is /EFI/debian. */
export function efiGrubConfig(ids: DiskIds): string {
  return `search.fs_uuid ${ids.root} root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n`;
}

function fstab(generation: Generation, ids: DiskIds): string {
  const root = `UUID=${ids.root} / ext4 rw,discard,errors=remount-ro 0 1\n`;
  const volume = `${ids.volume.slice(0, 4)}-${ids.volume.slice(4)}`;
  const esp = `UUID=${volume} /boot/efi vfat umask=0077,nofail 0 0\n`;
  return generation === 'V2' ? root + esp : root;
}

/**
 * The menu until the guest installs its first own kernel, when update-grub replaces this file. It follows
 * the links that Debian's kernel packages keep on the newest kernel, so it is right even without update-grub.
 */
function firstMenu(ids: DiskIds): string {
  return `set default=0
set timeout=0
serial --speed=115200 --unit=0
terminal_input console serial
terminal_output console serial
search --no-floppy --fs-uuid --set=root ${ids.root}
menuentry 'Debian GNU/Linux' {
  linux /vmlinuz root=UUID=${ids.root} ro ${KERNEL_ARGUMENTS}
  initrd /initrd.img
}
`;
}
