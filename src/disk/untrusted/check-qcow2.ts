/** Checks a qcow2 header, as in QEMU's specification docs/interop/qcow2.txt, sections "Header" and "Header extensions". */
import { headerNumber, refusal } from './refusal.ts';
import type { Upload } from './upload.ts';

const HEADER_BYTES_V2 = 72;
/** Incompatible feature bits that change nothing for a reader's safety: dirty, compression type, extended L2. */
const HARMLESS_FEATURES = 0b1_1001n;
const FEATURE_CORRUPT = 0b10n;
const FEATURE_DATA_FILE = 0b100n;

const EXTENSION_END = 0;
const EXTENSION_DATA_FILE = 0x44415441;
const EXTENSION_ENCRYPTION = 0x0537be77;

/**
 * @throws GoldsmithError `ImageRefused` for a backing file, an external data file, encryption, unknown
 * features or a header that contradicts itself.
 */
export async function checkQcow2(upload: Upload): Promise<{ virtualSizeBytes: number; unitBytes: number }> {
  const header = await upload.inspect(0, 4096);
  if (header.length < HEADER_BYTES_V2) throw refusal('The qcow2 header is cut off');
  const version = header.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw refusal(`qcow version ${version} is not supported`);
  if (header.readBigUInt64BE(8) !== 0n || header.readUInt32BE(16) !== 0) {
    throw refusal('The qcow2 image has a backing file; flatten it first');
  }
  const clusterBits = header.readUInt32BE(20);
  if (clusterBits < 9 || clusterBits > 21) throw refusal('The cluster size of the qcow2 image is not valid');
  const virtualSizeBytes = headerNumber(header.readBigUInt64BE(24), 'virtual size');
  if (header.readUInt32BE(32) !== 0) throw refusal('The qcow2 image is encrypted');
  requireEntriesInFile(upload, header.readBigUInt64BE(40), header.readUInt32BE(36));
  const headerBytes = version === 2 ? HEADER_BYTES_V2 : checkVersion3(header);
  // Everything a reader takes from the header area is in the first cluster: pin all of it.
  const area = await upload.inspect(0, 2 ** clusterBits);
  if (headerBytes > area.length) throw refusal('The qcow2 header is larger than its cluster');
  checkExtensions(area, headerBytes);
  return { virtualSizeBytes, unitBytes: 2 ** clusterBits };
}

function checkVersion3(header: Buffer): number {
  if (header.length < 104) throw refusal('The qcow2 header is cut off');
  const features = header.readBigUInt64BE(72);
  if ((features & FEATURE_DATA_FILE) !== 0n) throw refusal('The qcow2 image keeps its data in another file');
  if ((features & FEATURE_CORRUPT) !== 0n) throw refusal('The qcow2 image is marked as corrupt');
  if ((features & ~HARMLESS_FEATURES) !== 0n) throw refusal('The qcow2 image uses unknown features');
  const headerBytes = header.readUInt32BE(100);
  if (headerBytes < 104 || headerBytes % 8 !== 0 || headerBytes > header.length) {
    throw refusal('The length of the qcow2 header is not valid');
  }
  return headerBytes;
}

/** The active L1 table must lie in the file: it is read whole when the image is opened. */
function requireEntriesInFile(upload: Upload, offset: bigint, entries: number): void {
  if (offset + BigInt(entries) * 8n > BigInt(upload.sizeBytes)) {
    throw refusal('The qcow2 image is cut off: its cluster table lies beyond the end of the file');
  }
}

function checkExtensions(area: Buffer, start: number): void {
  let offset = start;
  while (offset + 8 <= area.length) {
    const type = area.readUInt32BE(offset);
    const length = area.readUInt32BE(offset + 4);
    if (type === EXTENSION_END) return;
    if (type === EXTENSION_DATA_FILE) throw refusal('The qcow2 image names an external data file');
    if (type === EXTENSION_ENCRYPTION) throw refusal('The qcow2 image is encrypted');
    if (length > area.length - offset - 8) throw refusal('A header extension of the qcow2 image is cut off');
    offset += 8 + Math.ceil(length / 8) * 8;
  }
}
