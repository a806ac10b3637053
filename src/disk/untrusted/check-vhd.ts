/** Checks VHD headers, as in "Virtual Hard Disk Image Format Specification" 1.0. */
import { parseVhdFooter, VHD_FOOTER_BYTES, vhdChecksum, type VhdFooter } from '../vhd-footer.ts';
import { refusal } from './refusal.ts';
import type { Upload } from './upload.ts';

const DYNAMIC_HEADER_BYTES = 1024;
const MAX_BLOCK_BYTES = 256 * 1024 * 1024;

/**
 * A raw disk with `footer` as the last 512 bytes of the file.
 * @throws GoldsmithError `ImageRefused` for a bad checksum, another type, or a size that is not the file's.
 */
export function checkFixedVhd(upload: Upload, footer: Buffer): { virtualSizeBytes: number } {
  const parsed = parseVhdFooter(footer);
  refuseParent(parsed);
  if (parsed.diskType !== 'fixed') throw refusal('The VHD is dynamic, but its start is missing');
  const dataBytes = upload.sizeBytes - VHD_FOOTER_BYTES;
  if (parsed.currentSizeBytes !== dataBytes) {
    throw refusal(
      `The VHD says it holds ${parsed.currentSizeBytes} bytes, but holds ${dataBytes}: it is cut off`,
    );
  }
  return { virtualSizeBytes: dataBytes };
}

/**
 * A VHD with a copy of the footer at the start, followed by the dynamic disk header and a block table.
 * @throws GoldsmithError `ImageRefused` for a differencing disk or headers that contradict themselves.
 */
export async function checkDynamicVhd(upload: Upload): Promise<{ virtualSizeBytes: number }> {
  const footer = parseVhdFooter(await upload.inspect(0, VHD_FOOTER_BYTES));
  refuseParent(footer);
  if (footer.diskType !== 'dynamic') throw refusal('The VHD is fixed, but has its footer at the start');
  const { dataOffset } = footer;
  if (dataOffset === undefined || dataOffset + DYNAMIC_HEADER_BYTES > upload.sizeBytes) {
    throw refusal('The VHD is cut off: its dynamic header is missing');
  }
  const header = await upload.inspect(dataOffset, DYNAMIC_HEADER_BYTES);
  if (header.toString('latin1', 0, 8) !== 'cxsparse')
    throw refusal('The dynamic header of the VHD is missing');
  if (header.readUInt32BE(36) !== vhdChecksum(header, 36)) {
    throw refusal('The checksum of the dynamic header of the VHD is wrong');
  }
  const tableOffset = header.readBigUInt64BE(16);
  const entries = header.readUInt32BE(28);
  const blockBytes = header.readUInt32BE(32);
  if (blockBytes < 512 || blockBytes > MAX_BLOCK_BYTES || (blockBytes & (blockBytes - 1)) !== 0) {
    throw refusal('The block size of the VHD is not valid');
  }
  if (tableOffset + BigInt(entries) * 4n > BigInt(upload.sizeBytes)) {
    throw refusal('The VHD is cut off: its block table lies beyond the end of the file');
  }
  if (entries * blockBytes < footer.currentSizeBytes)
    throw refusal('The block table of the VHD is too small');
  return { virtualSizeBytes: footer.currentSizeBytes };
}

function refuseParent(footer: VhdFooter): void {
  if (footer.diskType === 'differencing') {
    throw refusal('The VHD is a differencing disk, which needs another file; merge it into its parent first');
  }
}
