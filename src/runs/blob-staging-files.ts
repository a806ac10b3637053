/** The files of runs in storage accounts. */
import { RestError, type AppendBlobClient } from '@azure/storage-blob';
import type { BlobService } from '../store/blobs/blob-service.ts';
import type { BlobPlace, StagingFiles } from './run-ports.ts';

export function createStagingFiles(blobs: BlobService): StagingFiles {
  const logOf = ({ account, container, name }: BlobPlace): AppendBlobClient =>
    blobs.container(account, container).getAppendBlobClient(name);
  return {
    logSize: async (blob, signal) => {
      try {
        return (await logOf(blob).getProperties({ abortSignal: signal })).contentLength ?? 0;
      } catch (error) {
        if (statusOf(error) === 404) return 0;
        throw error;
      }
    },
    appendLog: async (blob, offset, bytes, signal) => {
      const client = logOf(blob);
      if (offset === 0) {
        await blobs.ensureContainer(blob.account, blob.container, signal);
        await client.createIfNotExists({
          abortSignal: signal,
          blobHTTPHeaders: { blobContentType: 'text/plain; charset=utf-8' },
        });
      }
      try {
        await client.appendBlock(bytes, bytes.length, {
          abortSignal: signal,
          conditions: { appendPosition: offset },
        });
        return true;
      } catch (error) {
        // "append position condition not met", as Azure answers it
        if (statusOf(error) === 412) return false;
        throw error;
      }
    },
    download: async ({ account, container, name }, path, signal) =>
      blobs.getFile({ account, container, blob: name, path, signal }),
    uploadVhd: async ({ account, container, name }, path, signal) => {
      const { url } = await blobs.putFile({ account, container, blob: name, path, signal });
      return url;
    },
    addressOf: ({ account, container, name }) => blobs.blobUrl(account, container, name),
    placeOf: (address) => {
      const place = blobs.locate(address);
      return place === undefined
        ? undefined
        : { account: place.account, container: place.container, name: place.blob };
    },
  };
}

function statusOf(error: unknown): number | undefined {
  return error instanceof RestError ? error.statusCode : undefined;
}
