/** Making a raw disk larger. */
import { open } from 'node:fs/promises';
import { GoldsmithError } from '../model/errors.ts';
import { formatBytes, MIB } from '../model/sizes.ts';

/**
 * Extends the raw file at `path` to `sizeBytes` with a hole; nothing is allocated. The partition table
 * inside is not touched. Already that size: nothing happens.
 * @throws GoldsmithError `BadTemplate` when `sizeBytes` is smaller than the disk or not a whole number of MiB.
 */
export async function growDisk(path: string, sizeBytes: number): Promise<void> {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0 || sizeBytes % MIB !== 0) {
    throw new GoldsmithError('BadTemplate', `A disk must be a whole number of MiB, not ${sizeBytes} bytes`);
  }
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    if (size > sizeBytes) {
      throw new GoldsmithError(
        'BadTemplate',
        `A disk of ${formatBytes(size)} cannot shrink to ${formatBytes(sizeBytes)}`,
        { hint: 'Ask for a disk at least as large as the one of the source image.' },
      );
    }
    if (size < sizeBytes) await file.truncate(sizeBytes);
  } finally {
    await file.close();
  }
}
