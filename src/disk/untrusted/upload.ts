/**
 * A file that somebody brought, held open. Nothing after this looks at its path again, so it cannot be
 * swapped for another file; and what a check has read is remembered, so that a later reader gets the very
 * bytes that were checked even when the file's owner changes them meanwhile.
 */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { GoldsmithError } from '../../model/errors.ts';
import { refusal } from './refusal.ts';

export interface Upload extends AsyncDisposable {
  /** Open for reading only. */
  readonly fd: number;
  /** Length when it was opened; later growth is not seen. */
  readonly sizeBytes: number;
  /**
   * Bytes for a decision: the same range always gives the same bytes from now on, here and in `read`.
   * Shorter than `length` only at the end of the file.
   */
  inspect(offset: number, length: number): Promise<Buffer>;
  /**
   * Bytes of the content, with everything that was inspected as it was then.
   * @throws GoldsmithError `ImageRefused` when the file became shorter.
   */
  read(offset: number, length: number): Promise<Buffer>;
}

interface Pinned {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** No check needs more; a header that asks for more is lying. */
const MAX_PINNED_BYTES = 32 * 1024 * 1024;

/**
 * Opens an upload. Symbolic links are not followed, and a FIFO or device is refused without waiting on it.
 * @throws GoldsmithError `SourceNotFound`, or `ImageRefused` when it is not a regular file or is empty.
 */
export async function openUpload(path: string): Promise<Upload> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
  let file: FileHandle;
  try {
    file = await open(path, flags);
  } catch (cause) {
    throw openFailure(path, cause);
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw refusal('The image is not a regular file');
    if (stat.size === 0) throw refusal('The image file is empty');
    return uploadFrom(file, stat.size);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function uploadFrom(file: FileHandle, sizeBytes: number): Upload {
  const pinned: Pinned[] = [];
  let pinnedBytes = 0;

  const readRange = async (offset: number, length: number): Promise<Buffer> => {
    const wanted = Math.max(0, Math.min(length, sizeBytes - offset));
    const bytes = Buffer.allocUnsafe(wanted);
    let filled = 0;
    while (filled < wanted) {
      const { bytesRead } = await file.read(bytes, filled, wanted - filled, offset + filled);
      if (bytesRead === 0) throw refusal('The image file became shorter while it was read');
      filled += bytesRead;
    }
    // Oldest last: where two checked ranges overlap, the bytes that were seen first win.
    for (const pin of pinned.toReversed()) overlay(bytes, offset, pin);
    return bytes;
  };

  return {
    fd: file.fd,
    sizeBytes,
    read: readRange,
    async inspect(offset, length) {
      pinnedBytes += length;
      if (pinnedBytes > MAX_PINNED_BYTES) throw refusal('The headers of the image are absurdly large');
      const bytes = await readRange(offset, length);
      pinned.push({ offset, bytes });
      return bytes;
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}

function overlay(target: Buffer, targetOffset: number, pin: Pinned): void {
  const start = Math.max(targetOffset, pin.offset);
  const end = Math.min(targetOffset + target.length, pin.offset + pin.bytes.length);
  if (start < end) pin.bytes.copy(target, start - targetOffset, start - pin.offset, end - pin.offset);
}

function openFailure(path: string, cause: unknown): GoldsmithError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new GoldsmithError('SourceNotFound', `There is no file ${path}`, { cause });
  }
  if (code === 'ELOOP') return refusal('The image is a symbolic link; name the file itself', cause);
  if (code === 'ENXIO') return refusal('The image is not a regular file', cause);
  return refusal(`The image file cannot be read (${String(code)})`, cause);
}
