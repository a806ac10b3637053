/** A blob as a local file; the empty parts of a page blob become holes. */
import { open, rm } from 'node:fs/promises';
import type { ContainerClient } from '@azure/storage-blob';
import { GoldsmithError } from '../../model/errors.ts';
import { MIB, roundUp } from '../../model/sizes.ts';

export interface GetFileRequest {
  readonly account: string;
  readonly container: string;
  readonly blob: string;
  /** Must not exist; gone again when anything fails. */
  readonly path: string;
  /**
   * Reads with this SAS (without `?`), or with nothing at all when it is empty, as anybody may who has the address;
   * undefined: with the rights of the service.
   */
  readonly sas?: string;
  /** The blob must not be longer. Bytes. */
  readonly maxBytes?: number;
  readonly signal: AbortSignal;
  /** Bytes of the file done so far and in all. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

const PIECE_BYTES = 4 * MIB;
const PAGE_BYTES = 512;

/**
 * Downloads one version of the blob: when it changes meanwhile, nothing is kept.
 * @throws GoldsmithError `SourceNotFound`, `DownloadFailed`, `Cancelled`.
 */
export async function getBlobFile(container: ContainerClient, request: GetFileRequest): Promise<void> {
  const { signal: abortSignal } = request;
  const name = `${request.container}/${request.blob}`;
  let made = false;
  try {
    const client = container.getBlobClient(request.blob);
    const { contentLength = 0, blobType, etag } = await client.getProperties({ abortSignal });
    if (request.maxBytes !== undefined && contentLength > request.maxBytes) {
      throw new GoldsmithError('DownloadFailed', `The blob ${name} is larger than ${request.maxBytes} bytes`);
    }
    const conditions = etag === undefined ? {} : { ifMatch: etag };
    const parts =
      blobType === 'PageBlob'
        ? ((await container.getPageBlobClient(request.blob).getPageRanges(0, contentLength, { abortSignal }))
            .pageRange ?? [])
        : [{ offset: 0, count: contentLength }];
    await using file = await open(request.path, 'wx', 0o600);
    made = true;
    await file.truncate(contentLength);
    for (const { offset, count = 0 } of parts) {
      // The SDK takes the last byte of a page range for the first one behind it; pages are whole.
      const end = Math.min(contentLength, roundUp(offset + count, PAGE_BYTES));
      for (let at = offset; at < end; at += PIECE_BYTES) {
        const length = Math.min(PIECE_BYTES, end - at);
        const bytes = await client.downloadToBuffer(at, length, { abortSignal, conditions });
        await file.write(bytes, 0, length, at);
        request.onProgress?.(at + length, contentLength);
      }
    }
    request.onProgress?.(contentLength, contentLength);
  } catch (cause) {
    if (made) await rm(request.path, { force: true });
    if (abortSignal.aborted) throw new GoldsmithError('Cancelled', 'A download was cancelled', { cause });
    if (cause instanceof GoldsmithError) throw cause;
    if (cause instanceof Error && 'statusCode' in cause && cause.statusCode === 404) {
      throw new GoldsmithError('SourceNotFound', `There is no blob ${name}`, { cause });
    }
    throw new GoldsmithError('DownloadFailed', `The blob ${name} could not be read`, {
      cause,
      internal: cause instanceof Error ? cause.message : String(cause),
    });
  }
}
