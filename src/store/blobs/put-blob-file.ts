/** A local file as a blob: fixed VHDs as page blobs, which is what disks are made from; the rest as block blobs. */
import { open, type FileHandle } from 'node:fs/promises';
import type { ContainerClient, PageBlobClient } from '@azure/storage-blob';
import { GoldsmithError } from '../../model/errors.ts';
import { MIB } from '../../model/sizes.ts';
import type { PutBlob, PutFileRequest } from './blob-service.ts';
import { filledPages } from './filled-pages.ts';

/** Where a file has data; the rest are holes. */
export type FindExtents = (
  path: string,
  options: { readonly signal: AbortSignal },
) => Promise<readonly { readonly start: number; readonly length: number }[]>;

/** Most bytes of one Put Page request (Azure Storage, "Put Page"). */
const MAX_PUT_BYTES = 4 * MIB;
const BLOCK_BYTES = 8 * MIB;
const REQUESTS_AT_ONCE = 4;
const FOOTER_BYTES = 512;
const FIXED_DISK = 2;

/**
 * Uploads the file of `request` into `container`, which must exist.
 * @throws GoldsmithError `DistributeFailed`, `Cancelled`; a page blob that is not whole is deleted.
 */
export async function putBlobFile(
  container: ContainerClient,
  request: PutFileRequest,
  findExtents: FindExtents | undefined,
): Promise<Omit<PutBlob, 'url'>> {
  const { path, signal } = request;
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (await isFixedVhd(file, size)) {
      return await putPages(container.getPageBlobClient(request.blob), file, size, request, findExtents);
    }
    await container.getBlockBlobClient(request.blob).uploadFile(path, {
      ...{ abortSignal: signal, blockSize: BLOCK_BYTES, concurrency: REQUESTS_AT_ONCE },
      ...descriptionOf(request),
      onProgress: ({ loadedBytes }) => request.onProgress?.(loadedBytes, size),
    });
    return { kind: 'BlockBlob', sizeBytes: size, sentBytes: size };
  } catch (cause) {
    if (signal.aborted)
      throw new GoldsmithError('Cancelled', 'An upload was cancelled', { cause: signal.reason });
    if (cause instanceof GoldsmithError) throw cause;
    throw new GoldsmithError(
      'DistributeFailed',
      `The blob ${request.container}/${request.blob} was not written`,
      {
        cause,
        internal: cause instanceof Error ? cause.message : String(cause),
      },
    );
  }
}

/** "Virtual Hard Disk Image Format Specification", section "Hard Disk Footer Format": cookie and disk type. */
async function isFixedVhd(file: FileHandle, size: number): Promise<boolean> {
  if (size <= FOOTER_BYTES || size % FOOTER_BYTES !== 0) return false;
  const { buffer } = await file.read(Buffer.alloc(FOOTER_BYTES), 0, FOOTER_BYTES, size - FOOTER_BYTES);
  return buffer.toString('latin1', 0, 8) === 'conectix' && buffer.readUInt32BE(60) === FIXED_DISK;
}

async function putPages(
  blob: PageBlobClient,
  file: FileHandle,
  size: number,
  request: PutFileRequest,
  findExtents: FindExtents | undefined,
): Promise<Omit<PutBlob, 'url'>> {
  const { path, signal: abortSignal } = request;
  const extents = (await findExtents?.(path, { signal: abortSignal })) ?? [{ start: 0, length: size }];
  await blob.create(size, { abortSignal, ...descriptionOf(request) });
  try {
    const windows = windowsOf(extents, size);
    let sentBytes = 0;
    let next = 0;
    let failed = false;
    const worker = async (): Promise<void> => {
      const buffer = Buffer.alloc(MAX_PUT_BYTES);
      for (;;) {
        const start = failed ? undefined : windows[next];
        next += 1;
        if (start === undefined) return;
        const bytes = await readAt(file, buffer, start, Math.min(MAX_PUT_BYTES, size - start));
        for (const { offset, length } of filledPages(bytes)) {
          const pages = bytes.subarray(offset, offset + length);
          await blob.uploadPages(pages, start + offset, length, { abortSignal });
          sentBytes += length;
        }
        request.onProgress?.(start + bytes.length, size);
      }
    };
    const workers = Array.from({ length: REQUESTS_AT_ONCE }, () =>
      worker().catch((error: unknown) => {
        failed = true;
        throw error;
      }),
    );
    // All of them must have let go of the file and of the blob before either goes.
    const results = await Promise.allSettled(workers);
    const failure = results.find((result) => result.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
    request.onProgress?.(size, size);
    return { kind: 'PageBlob', sizeBytes: size, sentBytes };
  } catch (error) {
    await blob.deleteIfExists().catch(() => undefined); // it may be the service that failed
    throw error;
  }
}

/** Starts of the windows of `MAX_PUT_BYTES` that any extent touches, ascending. */
function windowsOf(
  extents: readonly { readonly start: number; readonly length: number }[],
  size: number,
): number[] {
  const starts: number[] = [];
  let next = 0;
  for (const { start, length } of extents) {
    const end = Math.min(start + length, size);
    const first = Math.floor(start / MAX_PUT_BYTES) * MAX_PUT_BYTES;
    for (let at = Math.max(next, first); at < end; at += MAX_PUT_BYTES) {
      starts.push(at);
      next = at + MAX_PUT_BYTES;
    }
  }
  return starts;
}

async function readAt(file: FileHandle, buffer: Buffer, start: number, length: number): Promise<Buffer> {
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, start + filled);
    if (bytesRead === 0)
      throw new GoldsmithError('Internal', 'The file became shorter while it was uploaded');
    filled += bytesRead;
  }
  return buffer.subarray(0, length);
}

function descriptionOf({ headers, metadata }: PutFileRequest): object {
  return {
    ...(headers === undefined ? {} : { blobHTTPHeaders: headers }),
    ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
  };
}
