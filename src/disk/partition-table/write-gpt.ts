/**
 * Writes a GUID partition table: protective MBR, primary and backup header and entries
 * (UEFI specification 2.10, sections 5.2.3 and 5.3). 128 entries of 128 bytes, 512-byte sectors.
 */
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { encodeGuid } from './guid.ts';
import { SECTOR_BYTES } from './partition.ts';

export interface GptLayout {
  readonly diskGuid: string;
  readonly partitions: readonly GptPartition[];
}

export interface GptPartition {
  /** 1..128; the order in the table, independent of the order on the disk. */
  readonly number: number;
  readonly typeGuid: string;
  readonly partitionGuid: string;
  /** At most 36 UTF-16 units; the rest is cut. */
  readonly name: string;
  readonly firstSector: number;
  /** Inclusive. */
  readonly lastSector: number;
}

interface Piece {
  readonly offsetBytes: number;
  readonly bytes: Buffer;
}

const ENTRIES = 128;
const ENTRY_BYTES = 128;
const ENTRY_SECTORS = (ENTRIES * ENTRY_BYTES) / SECTOR_BYTES;
const HEADER_BYTES = 92;

/** First sector that a partition may use, and the last one on a disk of `sizeBytes`. */
export function usableSectors(sizeBytes: number): { readonly first: number; readonly last: number } {
  return { first: 2 + ENTRY_SECTORS, last: sizeBytes / SECTOR_BYTES - ENTRY_SECTORS - 2 };
}

/**
 * Writes the table into an existing file of exactly `sizeBytes`. Boot code already in the first 440
 * bytes and the disk signature behind it are kept; the file is not synced.
 * @throws RangeError when the layout does not fit: layouts come from recipes, never from input.
 */
export async function writeGpt(path: string, sizeBytes: number, layout: GptLayout): Promise<void> {
  const file = await open(path, 'r+');
  try {
    for (const piece of encodeGpt(sizeBytes, layout)) {
      await file.write(piece.bytes, 0, piece.bytes.length, piece.offsetBytes);
    }
  } finally {
    await file.close();
  }
}

/** The bytes of the table and where they go. */
export function encodeGpt(sizeBytes: number, layout: GptLayout): readonly Piece[] {
  checkLayout(sizeBytes, layout);
  const lastSector = sizeBytes / SECTOR_BYTES - 1;
  const entries = encodeEntries(layout.partitions);
  const backupEntries = lastSector - ENTRY_SECTORS;
  const primary = encodeHeader(sizeBytes, layout, entries, { own: 1, other: lastSector, entries: 2 });
  const backup = encodeHeader(sizeBytes, layout, entries, {
    own: lastSector,
    other: 1,
    entries: backupEntries,
  });
  return [
    { offsetBytes: 446, bytes: encodeProtectiveMbr(lastSector) },
    { offsetBytes: SECTOR_BYTES, bytes: primary },
    { offsetBytes: 2 * SECTOR_BYTES, bytes: entries },
    { offsetBytes: backupEntries * SECTOR_BYTES, bytes: entries },
    { offsetBytes: lastSector * SECTOR_BYTES, bytes: backup },
  ];
}

function encodeProtectiveMbr(lastSector: number): Buffer {
  const bytes = Buffer.alloc(66);
  bytes.set([0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff], 0);
  bytes.writeUInt32LE(1, 8);
  bytes.writeUInt32LE(Math.min(lastSector, 0xffff_ffff), 12);
  bytes.set([0x55, 0xaa], 64);
  return bytes;
}

function encodeEntries(partitions: readonly GptPartition[]): Buffer {
  const bytes = Buffer.alloc(ENTRIES * ENTRY_BYTES);
  for (const partition of partitions) {
    const at = (partition.number - 1) * ENTRY_BYTES;
    encodeGuid(partition.typeGuid).copy(bytes, at);
    encodeGuid(partition.partitionGuid).copy(bytes, at + 16);
    bytes.writeBigUInt64LE(BigInt(partition.firstSector), at + 32);
    bytes.writeBigUInt64LE(BigInt(partition.lastSector), at + 40);
    bytes.write(partition.name.slice(0, 36), at + 56, 72, 'utf16le');
  }
  return bytes;
}

function encodeHeader(
  sizeBytes: number,
  layout: GptLayout,
  entries: Buffer,
  sectors: { readonly own: number; readonly other: number; readonly entries: number },
): Buffer {
  const usable = usableSectors(sizeBytes);
  const bytes = Buffer.alloc(SECTOR_BYTES);
  bytes.write('EFI PART', 0, 'latin1');
  bytes.writeUInt32LE(0x0001_0000, 8);
  bytes.writeUInt32LE(HEADER_BYTES, 12);
  bytes.writeBigUInt64LE(BigInt(sectors.own), 24);
  bytes.writeBigUInt64LE(BigInt(sectors.other), 32);
  bytes.writeBigUInt64LE(BigInt(usable.first), 40);
  bytes.writeBigUInt64LE(BigInt(usable.last), 48);
  encodeGuid(layout.diskGuid).copy(bytes, 56);
  bytes.writeBigUInt64LE(BigInt(sectors.entries), 72);
  bytes.writeUInt32LE(ENTRIES, 80);
  bytes.writeUInt32LE(ENTRY_BYTES, 84);
  bytes.writeUInt32LE(crc32(entries), 88);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, HEADER_BYTES)), 16); // computed while the field is still zero
  return bytes;
}

function checkLayout(sizeBytes: number, layout: GptLayout): void {
  if (sizeBytes % SECTOR_BYTES !== 0) throw new RangeError(`disk size ${sizeBytes} is no multiple of 512`);
  const usable = usableSectors(sizeBytes);
  const inDiskOrder = layout.partitions.toSorted((a, b) => a.firstSector - b.firstSector);
  let next = usable.first;
  for (const partition of inDiskOrder) {
    const fits = partition.firstSector >= next && partition.lastSector <= usable.last;
    if (!fits || partition.lastSector < partition.firstSector) {
      throw new RangeError(`partition ${partition.number} does not fit a disk of ${sizeBytes} bytes`);
    }
    if (partition.number < 1 || partition.number > ENTRIES) {
      throw new RangeError(`partition number ${partition.number} is not in 1..${ENTRIES}`);
    }
    next = partition.lastSector + 1;
  }
  if (new Set(layout.partitions.map((partition) => partition.number)).size !== layout.partitions.length) {
    throw new RangeError('two partitions have the same number');
  }
}
