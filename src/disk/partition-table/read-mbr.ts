/** Reads a classic MBR table and its chain of logical partitions from an untrusted disk. */
import type { DiskBytes } from './disk-bytes.ts';
import { isExtended, kindOfMbrType, SECTOR_BYTES, type Partition } from './partition.ts';

const TABLE_OFFSET = 446;
const ENTRY_BYTES = 16;
/** Linux itself stops at 60 logical partitions; a chain that loops ends here too. */
const MAX_LOGICAL = 60;

interface Entry {
  readonly type: number;
  readonly active: boolean;
  readonly firstSector: number;
  readonly sectors: number;
}

/** Partitions of the table in sector 0 (already read), or undefined when it has no valid table. */
export async function readMbr(disk: DiskBytes, sector0: Buffer): Promise<readonly Partition[] | undefined> {
  const entries = readEntries(sector0);
  if (entries === undefined) return undefined;
  const partitions: Partition[] = [];
  for (const [index, entry] of entries.entries()) {
    if (!isInside(disk, entry)) continue;
    partitions.push(toPartition(entry, index + 1));
  }
  const extended = entries.find((entry) => isExtended(entry.type) && isInside(disk, entry));
  if (extended !== undefined) partitions.push(...(await readLogical(disk, extended)));
  return partitions;
}

/** Follows the chain of extended boot records: entry 0 is the partition, entry 1 the next link. */
async function readLogical(disk: DiskBytes, extended: Entry): Promise<readonly Partition[]> {
  const found: Partition[] = [];
  let recordSector = extended.firstSector;
  for (let hops = 0; hops < MAX_LOGICAL; hops += 1) {
    const record = await disk.read(recordSector * SECTOR_BYTES, SECTOR_BYTES);
    const entries = record === undefined ? undefined : readEntries(record);
    if (entries === undefined) break;
    const [logical, next] = entries;
    if (logical !== undefined) {
      const absolute = { ...logical, firstSector: recordSector + logical.firstSector };
      if (isInside(disk, absolute)) found.push(toPartition(absolute, 5 + found.length));
    }
    if (next === undefined || next.type === 0 || next.sectors === 0) break;
    recordSector = extended.firstSector + next.firstSector; // links count from the extended partition
  }
  return found;
}

/** The four entries, or undefined when the signature or a status byte shows that this is no table. */
function readEntries(sector: Buffer): readonly Entry[] | undefined {
  if (sector[510] !== 0x55 || sector[511] !== 0xaa) return undefined;
  const entries: Entry[] = [];
  for (let at = TABLE_OFFSET; at < TABLE_OFFSET + 4 * ENTRY_BYTES; at += ENTRY_BYTES) {
    const status = sector[at] ?? 0;
    if (status !== 0x00 && status !== 0x80) return undefined; // a bare FAT or NTFS boot sector, for example
    entries.push({
      type: sector[at + 4] ?? 0,
      active: status === 0x80,
      firstSector: sector.readUInt32LE(at + 8),
      sectors: sector.readUInt32LE(at + 12),
    });
  }
  return entries;
}

function isInside(disk: DiskBytes, entry: Entry): boolean {
  if (entry.type === 0 || entry.sectors === 0 || entry.firstSector === 0) return false;
  return (entry.firstSector + entry.sectors) * SECTOR_BYTES <= disk.sizeBytes;
}

function toPartition(entry: Entry, number: number): Partition {
  return {
    number,
    kind: kindOfMbrType(entry.type),
    typeId: `0x${entry.type.toString(16).padStart(2, '0')}`,
    startBytes: entry.firstSector * SECTOR_BYTES,
    sizeBytes: entry.sectors * SECTOR_BYTES,
    name: '',
    legacyBootable: entry.active,
  };
}
