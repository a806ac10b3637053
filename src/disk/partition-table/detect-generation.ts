/** Tells from a disk alone which Azure generation it boots as. */
import type { Generation } from '../../model/image-template.ts';
import { readPartitionTable, type PartitionTable } from './find-partitions.ts';

export interface DetectedGeneration {
  readonly generation: Generation;
  /** One sentence for people. */
  readonly because: string;
}

export interface DetectOptions {
  /** Answer for a disk that has both boot paths. Default V1. */
  readonly bootsBothWays?: Generation;
}

/**
 * The generation of the raw disk at `path`.
 *
 * A disk boots by UEFI when it has an EFI system partition. It boots by BIOS when sector 0 holds boot code
 * *and* there is something for that code to load: with GPT a BIOS boot partition or a partition marked
 * legacy-bootable; with MBR any code counts, because loaders embed in front of the first partition. Code
 * alone on a GPT disk does not count: several tools leave a stub there that only prints a message.
 * - only UEFI: V2; only BIOS, or neither: V1 (Azure's default for an image whose `hyperVGeneration` is not given);
 * - both (Azure's own Debian and Ubuntu layout): V1 for the same reason, since such a disk is right as either;
 *   a caller that knows better says so with `bootsBothWays`.
 *
 * @param sizeBytes size of the disk inside the file (without a VHD footer).
 * @throws GoldsmithError `SourceInvalid` only when the file cannot be read; garbage counts as V1.
 */
export async function detectGeneration(
  path: string,
  sizeBytes: number,
  options: DetectOptions = {},
): Promise<DetectedGeneration> {
  return generationOf(await readPartitionTable(path, sizeBytes), options);
}

/** The same rule on a table that was already read. */
export function generationOf(table: PartitionTable, options: DetectOptions = {}): DetectedGeneration {
  if (table.scheme === 'none') return { generation: 'V1', because: table.because };
  const uefi = table.partitions.some((partition) => partition.kind === 'efi-system');
  const loadable =
    table.scheme === 'mbr' ||
    table.partitions.some((partition) => partition.kind === 'bios-boot' || partition.legacyBootable);
  const bios = table.hasBootCode && loadable;
  if (uefi && bios) {
    const generation = options.bootsBothWays ?? 'V1';
    return { generation, because: `the disk boots by BIOS and by UEFI; ${generation} was chosen` };
  }
  if (uefi) return { generation: 'V2', because: 'it has an EFI system partition and no BIOS boot path' };
  return {
    generation: 'V1',
    because: bios ? 'it has BIOS boot code and no EFI system partition' : 'it has no EFI system partition',
  };
}
