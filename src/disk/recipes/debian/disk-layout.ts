/**
 * Where things are on a Debian base disk. Partition numbers and places are those of Azure's Debian images:
 * the root partition is number 1 and physically last, so that it can grow with the disk. The generations
 * differ on purpose: Generation 1 has only a BIOS boot path and Generation 2 only a UEFI one, so a disk
 * says which it is.
 */
import { createHash } from 'node:crypto';
import type { Generation } from '../../../model/image-template.ts';
import { MIB } from '../../../model/sizes.ts';
import { guidFromDigest } from '../../partition-table/guid.ts';
import { gptTypes, SECTOR_BYTES } from '../../partition-table/partition.ts';
import { usableSectors, type GptLayout } from '../../partition-table/write-gpt.ts';

export const BIOS_BOOT_OFFSET = MIB;
export const BIOS_BOOT_BYTES = 3 * MIB;
export const ESP_OFFSET = 4 * MIB;
export const ESP_BYTES = 124 * MIB;
export const ROOT_OFFSET = 128 * MIB;

/** The identifiers of one disk, equal for equal input. */
export interface DiskIds {
  readonly disk: string;
  readonly boot: string;
  readonly rootPartition: string;
  /** UUID of the root file system. */
  readonly root: string;
  /** FAT volume serial number of the EFI system partition, 8 hexadecimal digits. */
  readonly volume: string;
}

/** Derives the identifiers from what goes into the disk, so that equal disks are equal and others are not. */
export function deriveIds(treeSha256: string, generation: Generation, sizeBytes: number): DiskIds {
  const derive = (use: string): Buffer =>
    createHash('sha256').update(`${treeSha256} ${generation} ${sizeBytes} ${use}`).digest();
  return {
    disk: guidFromDigest(derive('disk')),
    boot: guidFromDigest(derive('boot')),
    rootPartition: guidFromDigest(derive('root-partition')),
    root: guidFromDigest(derive('root')),
    volume: derive('volume').toString('hex', 0, 4).toUpperCase(),
  };
}

export function layoutOf(generation: Generation, sizeBytes: number, ids: DiskIds): GptLayout {
  const boot =
    generation === 'V1'
      ? {
          number: 14,
          typeGuid: gptTypes.biosBoot,
          name: 'bios',
          at: BIOS_BOOT_OFFSET,
          bytes: BIOS_BOOT_BYTES,
        }
      : { number: 15, typeGuid: gptTypes.efiSystem, name: 'esp', at: ESP_OFFSET, bytes: ESP_BYTES };
  return {
    diskGuid: ids.disk,
    partitions: [
      {
        number: boot.number,
        typeGuid: boot.typeGuid,
        partitionGuid: ids.boot,
        name: boot.name,
        firstSector: boot.at / SECTOR_BYTES,
        lastSector: (boot.at + boot.bytes) / SECTOR_BYTES - 1,
      },
      {
        number: 1,
        typeGuid: gptTypes.linuxRootX64,
        partitionGuid: ids.rootPartition,
        name: 'root',
        firstSector: ROOT_OFFSET / SECTOR_BYTES,
        lastSector: ROOT_OFFSET / SECTOR_BYTES + rootBytes(sizeBytes) / SECTOR_BYTES - 1,
      },
    ],
  };
}

/** Size of the root partition: whole MiB up to the backup partition table. */
export function rootBytes(sizeBytes: number): number {
  const end = (usableSectors(sizeBytes).last + 1) * SECTOR_BYTES;
  return Math.floor((end - ROOT_OFFSET) / MIB) * MIB;
}
