import { lstat, open } from 'node:fs/promises';
import { digestDisk } from '../../../disk/disk-digest.ts';
import { parseVhdFooter, VHD_FOOTER_BYTES } from '../../../disk/vhd-footer.ts';
import { isGoldsmithError } from '../../../model/errors.ts';
import type { ImageFacts } from '../../../model/image.ts';
import { vhdIdOf } from './vhd-id.ts';

/**
 * Whether the file at `path` is a fixed VHD of the disk that `facts` tell of. It is read through to be sure.
 * @throws GoldsmithError `Cancelled`.
 */
export async function isVhdOf(
  path: string,
  { virtualSizeBytes: sizeBytes, digest }: Pick<ImageFacts, 'virtualSizeBytes' | 'digest'>,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const found = await lstat(path);
    if (!found.isFile() || found.size !== sizeBytes + VHD_FOOTER_BYTES) return false;
    const { diskType, currentSizeBytes, uniqueId } = parseVhdFooter(await readFooter(path, sizeBytes));
    if (diskType !== 'fixed' || currentSizeBytes !== sizeBytes) return false;
    if (uniqueId !== vhdIdOf(digest)) return false; // another image's, or by others: spares reading it
    return (await digestDisk(path, { sizeBytes, signal })) === digest;
  } catch (error) {
    if (isGoldsmithError(error, 'Cancelled')) throw error;
    return false; // not there, not readable, no VHD, or shorter than it was
  }
}

async function readFooter(path: string, position: number): Promise<Buffer> {
  await using file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read(
    Buffer.alloc(VHD_FOOTER_BYTES),
    0,
    VHD_FOOTER_BYTES,
    position,
  );
  return buffer.subarray(0, bytesRead);
}
