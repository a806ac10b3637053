/**
 * Reads a GUID partition table (UEFI specification 2.10, section 5.3) from an untrusted disk: checksums
 * are verified, sizes are bounded, and anything wrong means "no table here", never an exception.
 */
import { crc32 } from 'node:zlib';
import type { DiskBytes } from './disk-bytes.ts';
import { decodeGuid } from './guid.ts';
import { kindOfGptType, SECTOR_BYTES, type Partition } from './partition.ts';

export interface GptTable {
  readonly diskGuid: string;
  /** Which copy was used; `backup` when the primary one is damaged. */
  readonly copy: 'primary' | 'backup';
  readonly partitions: readonly Partition[];
}

const UNUSED = '00000000-0000-0000-0000-000000000000';
/** The format allows more, but no tool makes such a table and a hostile one would only cost memory. */
const MAX_TABLE_BYTES = 1024 * 1024;
const ENTRY_MIN_BYTES = 128;

/** The primary table, else the backup at the disk's end, else undefined. */
export async function readGpt(disk: DiskBytes): Promise<GptTable | undefined> {
  const primary = await readCopy(disk, 1, 'primary');
  return primary ?? (await readCopy(disk, Math.floor(disk.sizeBytes / SECTOR_BYTES) - 1, 'backup'));
}

async function readCopy(
  disk: DiskBytes,
  sector: number,
  copy: GptTable['copy'],
): Promise<GptTable | undefined> {
  const header = await disk.read(sector * SECTOR_BYTES, SECTOR_BYTES);
  if (header === undefined || header.toString('latin1', 0, 8) !== 'EFI PART') return undefined;
  const headerBytes = header.readUInt32LE(12);
  if (headerBytes < 92 || headerBytes > SECTOR_BYTES) return undefined;
  const checked = Buffer.from(header.subarray(0, headerBytes));
  checked.writeUInt32LE(0, 16);
  if (crc32(checked) !== header.readUInt32LE(16)) return undefined;
  if (header.readBigUInt64LE(24) !== BigInt(sector)) return undefined;

  const count = header.readUInt32LE(80);
  const entryBytes = header.readUInt32LE(84);
  if (entryBytes < ENTRY_MIN_BYTES || count * entryBytes > MAX_TABLE_BYTES) return undefined;
  const entriesSector = safeNumber(header.readBigUInt64LE(72));
  if (entriesSector === undefined) return undefined;
  const entries = await disk.read(entriesSector * SECTOR_BYTES, count * entryBytes);
  if (entries === undefined || crc32(entries) !== header.readUInt32LE(88)) return undefined;
  return { diskGuid: decodeGuid(header, 56), copy, partitions: readEntries(entries, entryBytes, disk) };
}

function readEntries(entries: Buffer, entryBytes: number, disk: DiskBytes): readonly Partition[] {
  const partitions: Partition[] = [];
  for (let at = 0; at + entryBytes <= entries.length; at += entryBytes) {
    const typeId = decodeGuid(entries, at);
    const first = safeNumber(entries.readBigUInt64LE(at + 32));
    const last = safeNumber(entries.readBigUInt64LE(at + 40));
    if (typeId === UNUSED || first === undefined || last === undefined || last < first) continue;
    if ((last + 1) * SECTOR_BYTES > disk.sizeBytes) continue; // points outside the disk
    partitions.push({
      number: at / entryBytes + 1,
      kind: kindOfGptType(typeId),
      typeId,
      startBytes: first * SECTOR_BYTES,
      sizeBytes: (last - first + 1) * SECTOR_BYTES,
      name: readName(entries, at + 56),
      legacyBootable: ((entries[at + 48] ?? 0) & 0x04) !== 0,
    });
  }
  return partitions;
}

function readName(entries: Buffer, offset: number): string {
  const text = entries.toString('utf16le', offset, offset + 72);
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}

/** A sector number whose byte offset is still an exact number; undefined beyond that. */
function safeNumber(sector: bigint): number | undefined {
  return sector < BigInt(Number.MAX_SAFE_INTEGER) / BigInt(SECTOR_BYTES) ? Number(sector) : undefined;
}
