/**
 * The 512-byte footer of a VHD, as in "Virtual Hard Disk Image Format Specification" 1.0, section
 * "Hard Disk Footer Format". Every number is big-endian. A fixed VHD is a raw disk with this behind it.
 */
import { GoldsmithError } from '../model/errors.ts';
import { MIB } from '../model/sizes.ts';

export const VHD_FOOTER_BYTES = 512;

/** The format counts seconds from 2000-01-01T00:00:00Z. */
const VHD_EPOCH_MS = 946_684_800_000;
const NO_DATA_OFFSET = 0xffff_ffff_ffff_ffffn;
const CHECKSUM_OFFSET = 64;
const diskTypes = { 2: 'fixed', 3: 'dynamic', 4: 'differencing' } as const;

export interface FixedVhdFooterInput {
  /** Size of the disk in bytes, a whole number of MiB (Azure refuses anything else). */
  readonly sizeBytes: number;
  /** Creation time, milliseconds since 1970. Same inputs give the same bytes. */
  readonly createdAtMs: number;
  /** A UUID in its usual text form. */
  readonly uniqueId: string;
}

export interface VhdFooter {
  readonly diskType: 'fixed' | 'dynamic' | 'differencing';
  /** The size that counts. Bytes. */
  readonly currentSizeBytes: number;
  /** Where the dynamic disk header is; undefined for a fixed disk. */
  readonly dataOffset: number | undefined;
  /** Four characters that name the writer; QEMU decides by it whether to trust the geometry or the size. */
  readonly creator: string;
  readonly createdAtMs: number;
  readonly uniqueId: string;
}

/**
 * The footer of a fixed VHD.
 *
 * The creator is `win `: QEMU, like Azure, then takes the size from the size field and not from the
 * cylinder geometry, which cannot express most sizes exactly.
 * @throws GoldsmithError `Internal` when the size is not a positive whole number of MiB or the id is no UUID.
 */
export function makeFixedVhdFooter(input: FixedVhdFooterInput): Buffer {
  const { sizeBytes } = input;
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0 || sizeBytes % MIB !== 0) {
    throw new GoldsmithError('Internal', `A VHD must be a whole number of MiB, not ${sizeBytes} bytes`);
  }
  const id = Buffer.from(input.uniqueId.replaceAll('-', ''), 'hex');
  if (id.length !== 16) throw new GoldsmithError('Internal', `"${input.uniqueId}" is not a UUID`);
  const footer = Buffer.alloc(VHD_FOOTER_BYTES);
  footer.write('conectix', 0, 'latin1');
  footer.writeUInt32BE(0x0000_0002, 8); // features: the reserved bit, always set
  footer.writeUInt32BE(0x0001_0000, 12); // format version 1.0
  footer.writeBigUInt64BE(NO_DATA_OFFSET, 16);
  footer.writeUInt32BE(vhdSeconds(input.createdAtMs), 24);
  footer.write('win ', 28, 'latin1');
  footer.writeUInt32BE(0x0005_0003, 32);
  footer.write('Wi2k', 36, 'latin1');
  footer.writeBigUInt64BE(BigInt(sizeBytes), 40);
  footer.writeBigUInt64BE(BigInt(sizeBytes), 48);
  const geometry = vhdGeometry(sizeBytes);
  footer.writeUInt16BE(geometry.cylinders, 56);
  footer.writeUInt8(geometry.heads, 58);
  footer.writeUInt8(geometry.sectors, 59);
  footer.writeUInt32BE(2, 60); // disk type: fixed
  id.copy(footer, 68);
  footer.writeUInt32BE(vhdChecksum(footer, CHECKSUM_OFFSET), CHECKSUM_OFFSET);
  return footer;
}

/**
 * Reads a footer (or the copy of it at the start of a dynamic VHD).
 * @throws GoldsmithError `ImageRefused` when it is not one, its checksum is wrong or its type is unknown.
 */
export function parseVhdFooter(footer: Buffer): VhdFooter {
  if (footer.length !== VHD_FOOTER_BYTES || footer.toString('latin1', 0, 8) !== 'conectix') {
    throw new GoldsmithError('ImageRefused', 'The VHD footer is missing');
  }
  if (footer.readUInt32BE(CHECKSUM_OFFSET) !== vhdChecksum(footer, CHECKSUM_OFFSET)) {
    throw new GoldsmithError('ImageRefused', 'The checksum of the VHD footer is wrong');
  }
  const type = footer.readUInt32BE(60);
  if (type !== 2 && type !== 3 && type !== 4) {
    throw new GoldsmithError('ImageRefused', `VHD type ${type} is not known`);
  }
  const dataOffset = footer.readBigUInt64BE(16);
  const hex = footer.toString('hex', 68, 84);
  return {
    diskType: diskTypes[type],
    currentSizeBytes: Number(footer.readBigUInt64BE(48)),
    dataOffset: dataOffset === NO_DATA_OFFSET ? undefined : Number(dataOffset),
    creator: footer.toString('latin1', 28, 32),
    createdAtMs: VHD_EPOCH_MS + footer.readUInt32BE(24) * 1000,
    uniqueId: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
  };
}

/** Ones' complement of the sum of all bytes, the four of the checksum itself (at `checksumOffset`) left out. */
export function vhdChecksum(bytes: Uint8Array, checksumOffset: number): number {
  let sum = 0;
  for (const [index, byte] of bytes.entries()) {
    if (index < checksumOffset || index >= checksumOffset + 4) sum += byte;
  }
  return ~sum >>> 0;
}

function vhdSeconds(timeMs: number): number {
  return Math.min(0xffff_ffff, Math.max(0, Math.floor((timeMs - VHD_EPOCH_MS) / 1000)));
}

/** The specification's appendix "CHS Calculation". */
function vhdGeometry(sizeBytes: number): { cylinders: number; heads: number; sectors: number } {
  const total = Math.min(Math.floor(sizeBytes / 512), 65535 * 16 * 255);
  if (total >= 65535 * 16 * 63) {
    return { cylinders: Math.floor(total / (16 * 255)), heads: 16, sectors: 255 };
  }
  let sectors = 17;
  let tracks = Math.floor(total / sectors);
  let heads = Math.max(4, Math.ceil(tracks / 1024));
  if (tracks >= heads * 1024 || heads > 16) {
    sectors = 31;
    heads = 16;
    tracks = Math.floor(total / sectors);
  }
  if (tracks >= heads * 1024) {
    sectors = 63;
    heads = 16;
    tracks = Math.floor(total / sectors);
  }
  return { cylinders: Math.floor(tracks / heads), heads, sectors };
}
