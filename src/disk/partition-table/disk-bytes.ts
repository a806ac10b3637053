/** Bounded reads from a raw disk that nobody vouches for. */
import { open, type FileHandle } from 'node:fs/promises';
import { GoldsmithError } from '../../model/errors.ts';

export interface DiskBytes extends AsyncDisposable {
  /** Size of the disk, which may be less than the file (a VHD footer follows the disk). */
  readonly sizeBytes: number;
  /** `length` bytes at `offset`, or undefined when they are not wholly inside the disk. */
  read(offset: number, length: number): Promise<Buffer | undefined>;
}

/**
 * Opens a raw disk for reading.
 * @param sizeBytes size of the disk inside the file; the file's own size when left out.
 * @throws GoldsmithError `SourceInvalid` when the file cannot be opened or is no regular file.
 */
export async function openDiskBytes(path: string, sizeBytes?: number): Promise<DiskBytes> {
  const file = await openRegularFile(path);
  const fileBytes = (await file.stat()).size;
  const diskBytes = Math.min(sizeBytes ?? fileBytes, fileBytes);
  return {
    sizeBytes: diskBytes,
    async read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > diskBytes) return undefined;
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await file.read(buffer, 0, length, offset);
      return bytesRead === length ? buffer : undefined;
    },
    async [Symbol.asyncDispose]() {
      await file.close();
    },
  };
}

async function openRegularFile(path: string): Promise<FileHandle> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    throw new GoldsmithError('SourceInvalid', 'The disk image cannot be opened', { cause, internal: path });
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new GoldsmithError('SourceInvalid', 'The disk image is not a regular file', { internal: path });
}
