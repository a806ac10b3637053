/** Checks VHDX headers, as in [MS-VHDX] sections 2.2 (header section) and 2.6 (metadata region). */
import { headerNumber, refusal } from './refusal.ts';
import type { Upload } from './upload.ts';

const KIB = 1024;
const REGION_TABLE_OFFSETS = [192 * KIB, 256 * KIB] as const;
const TABLE_BYTES = 64 * KIB;
/** GUIDs as they lie in the file (first three parts little-endian). */
const METADATA_REGION = '06a27c8b90479a4bb8fe575f050f886e';
const FILE_PARAMETERS = '3767a1ca36fa434db3b633f0aa44e76b';
const VIRTUAL_DISK_SIZE = '2442a52f1bcd7648b2115dbed83bf4b8';
const PARENT_LOCATOR = '2d5fd3a80bb34d45abf7d3d84834ab0c';
const HAS_PARENT = 0b10;

/** @throws GoldsmithError `ImageRefused` for a parent disk or headers that contradict themselves. */
export async function checkVhdx(upload: Upload): Promise<{ virtualSizeBytes: number }> {
  if (upload.sizeBytes < 1024 * KIB) throw refusal('The VHDX is cut off: its headers are missing');
  await upload.inspect(0, REGION_TABLE_OFFSETS[0]); // file identifier and both headers, checked by the reader
  const places: number[] = [];
  for (const offset of REGION_TABLE_OFFSETS) {
    places.push(...metadataRegions(await upload.inspect(offset, TABLE_BYTES)));
  }
  const first = places[0];
  if (first === undefined) throw refusal('The VHDX has no metadata region');
  // Both region tables must lead to one place: else two readers could see two disks.
  if (places.some((place) => place !== first))
    throw refusal('The region tables of the VHDX contradict each other');
  return checkMetadata(upload, first);
}

/** File offsets of the metadata region that one copy of the region table names. */
function metadataRegions(table: Buffer): number[] {
  if (table.toString('latin1', 0, 4) !== 'regi') return [];
  const count = table.readUInt32LE(8);
  if (count > 2047) throw refusal('The region table of the VHDX is not valid');
  const places: number[] = [];
  for (let entry = 16; entry < 16 + count * 32; entry += 32) {
    if (table.toString('hex', entry, entry + 16) === METADATA_REGION) {
      places.push(headerNumber(table.readBigUInt64LE(entry + 16), 'metadata offset'));
    }
  }
  return places;
}

async function checkMetadata(upload: Upload, region: number): Promise<{ virtualSizeBytes: number }> {
  const table = await upload.inspect(region, TABLE_BYTES);
  if (table.length < TABLE_BYTES || table.toString('latin1', 0, 8) !== 'metadata') {
    throw refusal('The metadata of the VHDX is missing');
  }
  const count = table.readUInt16LE(10);
  if (count > 2047) throw refusal('The metadata table of the VHDX is not valid');
  let virtualSizeBytes: number | undefined;
  for (let entry = 32; entry < 32 + count * 32; entry += 32) {
    const id = table.toString('hex', entry, entry + 16);
    const offset = region + table.readUInt32LE(entry + 16);
    if (id === PARENT_LOCATOR) throw refusal('The VHDX is a differencing disk, which needs another file');
    if (id === FILE_PARAMETERS && ((await item(upload, offset)).readUInt32LE(4) & HAS_PARENT) !== 0) {
      throw refusal('The VHDX is a differencing disk, which needs another file');
    }
    if (id === VIRTUAL_DISK_SIZE) {
      virtualSizeBytes = headerNumber((await item(upload, offset)).readBigUInt64LE(0), 'virtual size');
    }
  }
  if (virtualSizeBytes === undefined) throw refusal('The VHDX does not say its size');
  return { virtualSizeBytes };
}

async function item(upload: Upload, offset: number): Promise<Buffer> {
  const bytes = await upload.inspect(offset, 8);
  if (bytes.length < 8) throw refusal('The VHDX is cut off: a metadata item is missing');
  return bytes;
}
