/**
 * Puts GRUB's BIOS boot chain on a GPT disk, as `grub-bios-setup` would (GRUB manual, "BIOS installation";
 * offsets from GRUB's boot.S and diskboot.S): boot.img into sector 0, core.img into the BIOS boot partition.
 */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GoldsmithError } from '../../../model/errors.ts';
import { SECTOR_BYTES } from '../../partition-table/partition.ts';
import { BIOS_BOOT_BYTES, BIOS_BOOT_OFFSET } from './disk-layout.ts';

/** In boot.img: 64-bit sector number of core.img. */
const KERNEL_SECTOR = 0x5c;
/** In boot.img: a jump over the check for drives that a BIOS numbers wrongly; replaced for hard disks. */
const DRIVE_CHECK = 0x66;
/** In core.img's first sector: list of where the rest is; the first entry starts with a 64-bit sector number. */
const BLOCK_LIST = 0x1f4;

/** Writes the chain from the extracted tree into the disk, leaving its partition table alone. */
export async function embedBiosBoot(disk: string, tree: string): Promise<void> {
  const folder = join(tree, 'boot/grub/i386-pc');
  const bootImage = await readFile(join(folder, 'boot.img'));
  const coreImage = await readFile(join(folder, 'core.img'));
  const file = await open(disk, 'r+');
  try {
    const sector0 = Buffer.alloc(SECTOR_BYTES);
    await file.read(sector0, 0, SECTOR_BYTES, 0);
    const core = patchCoreImage(coreImage);
    await file.write(patchBootImage(bootImage, sector0), 0, SECTOR_BYTES, 0);
    await file.write(core, 0, core.length, BIOS_BOOT_OFFSET);
  } finally {
    await file.close();
  }
}

/** Sector 0: boot.img with the disk's own parameter block, signature and partition table kept. */
export function patchBootImage(bootImage: Buffer, sector0: Buffer): Buffer {
  if (bootImage.length !== SECTOR_BYTES || bootImage.readUInt16BE(DRIVE_CHECK) !== 0xeb05) {
    throw new GoldsmithError('Internal', "GRUB's boot.img has an unexpected form");
  }
  const patched = Buffer.from(bootImage);
  sector0.copy(patched, 0x003, 0x003, 0x05a);
  sector0.copy(patched, 0x1b8, 0x1b8, SECTOR_BYTES);
  patched.writeBigUInt64LE(BigInt(BIOS_BOOT_OFFSET / SECTOR_BYTES), KERNEL_SECTOR);
  patched.writeUInt16BE(0x9090, DRIVE_CHECK);
  return patched;
}

/** core.img with its block list pointing right behind its own first sector. */
export function patchCoreImage(coreImage: Buffer): Buffer {
  if (coreImage.length > BIOS_BOOT_BYTES || coreImage.length < 2 * SECTOR_BYTES) {
    throw new GoldsmithError('Internal', "GRUB's core.img does not fit the BIOS boot partition");
  }
  const patched = Buffer.from(coreImage);
  patched.writeBigUInt64LE(BigInt(BIOS_BOOT_OFFSET / SECTOR_BYTES + 1), BLOCK_LIST);
  return patched;
}
