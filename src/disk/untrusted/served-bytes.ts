/** An upload as its converter sees it. */
import { GIB, roundUp } from '../../model/sizes.ts';
import type { CheckedImage } from './detect-format.ts';
import type { ByteSource } from './nbd-export.ts';
import { refusal } from './refusal.ts';
import type { Upload } from './upload.ts';

const SECTOR_BYTES = 512;

/**
 * The upload, padded with zeros to whole sectors (QEMU's NBD client waits for ever for the rest of an odd
 * last sector). QEMU reads data that lies beyond the end of a file as zeros, so a file that was cut off
 * would pass for a whole one. For formats whose reader does not notice (`image.unitBytes` is known) the file
 * therefore seems to go on, and a read beyond its last unit is refused.
 */
export function servedBytes(upload: Upload, image: CheckedImage): ByteSource {
  const end = roundUp(upload.sizeBytes, image.unitBytes ?? SECTOR_BYTES);
  return {
    sizeBytes:
      image.unitBytes === undefined ? end : roundUp(end + image.virtualSizeBytes + GIB, SECTOR_BYTES),
    async read(offset, length) {
      // A read of the very start is a reader looking at the header, with room to spare.
      if (offset > 0 && offset + length > end)
        throw refusal('The image is cut off: some of its data lies beyond the end of the file');
      const bytes = await upload.read(offset, length);
      return bytes.length === length ? bytes : Buffer.concat([bytes, Buffer.alloc(length - bytes.length)]);
    },
  };
}
