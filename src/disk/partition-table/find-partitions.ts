/** The partition table of a raw disk, GPT or MBR, with garbage as an ordinary answer. */
import { openDiskBytes, type DiskBytes } from './disk-bytes.ts';
import { SECTOR_BYTES, type Partition } from './partition.ts';
import { readGpt } from './read-gpt.ts';
import { readMbr } from './read-mbr.ts';

/** Boot code lives in front of the disk signature at 440. */
const BOOT_CODE_BYTES = 440;

export type PartitionTable =
  | {
      readonly scheme: 'gpt' | 'mbr';
      /** Inside the disk, in table order. */
      readonly partitions: readonly Partition[];
      /** Something other than zeros stands in the first 440 bytes, where a BIOS starts. */
      readonly hasBootCode: boolean;
    }
  | { readonly scheme: 'none'; readonly because: string };

/**
 * Reads the table of the raw disk at `path`.
 * @param sizeBytes size of the disk when the file is longer (a fixed VHD ends in a 512-byte footer).
 * @throws GoldsmithError `SourceInvalid` only when the file itself cannot be read.
 */
export async function readPartitionTable(path: string, sizeBytes?: number): Promise<PartitionTable> {
  await using disk = await openDiskBytes(path, sizeBytes);
  return await readTable(disk); // the disk must stay open until then
}

/**
 * Partitions of the raw disk at `path` in table order; none when there is no valid table.
 * @throws GoldsmithError `SourceInvalid` only when the file itself cannot be read.
 */
export async function findPartitions(path: string, sizeBytes?: number): Promise<readonly Partition[]> {
  const table = await readPartitionTable(path, sizeBytes);
  return table.scheme === 'none' ? [] : table.partitions;
}

async function readTable(disk: DiskBytes): Promise<PartitionTable> {
  const sector0 = await disk.read(0, SECTOR_BYTES);
  if (sector0 === undefined) return { scheme: 'none', because: 'the disk is smaller than one sector' };
  const hasBootCode = sector0.subarray(0, BOOT_CODE_BYTES).some((byte) => byte !== 0);
  const gpt = await readGpt(disk);
  if (gpt !== undefined) return { scheme: 'gpt', partitions: gpt.partitions, hasBootCode };
  const mbr = await readMbr(disk, sector0);
  if (mbr === undefined) return { scheme: 'none', because: 'neither a valid GPT nor an MBR was found' };
  if (mbr.some((partition) => partition.typeId === '0xee')) {
    return { scheme: 'none', because: 'both copies of the GPT are damaged' };
  }
  return { scheme: 'mbr', partitions: mbr, hasBootCode };
}
