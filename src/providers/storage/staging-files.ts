/** Files of runs in storage accounts, on the blob service. */
import { GoldsmithError } from '../../model/errors.ts';
import { MIB } from '../../model/sizes.ts';
import type { BlobPlace, StagingFiles } from '../../runs/run-ports.ts';
import type { BlobService } from '../../store/blobs/blob-service.ts';

/** Most bytes of one Append Block request that every version of the protocol takes. */
const MAX_APPEND_BYTES = 4 * MIB;

export function createStagingFiles(blobs: BlobService): StagingFiles {
  const logOf = ({ account, container, name }: BlobPlace) =>
    blobs.container(account, container).getAppendBlobClient(name);
  return {
    logSize: async (place, abortSignal) => {
      try {
        return (await logOf(place).getProperties({ abortSignal })).contentLength ?? 0;
      } catch (error) {
        if (statusOf(error) === 404) return 0;
        throw error;
      }
    },
    appendLog: async (place, offset, bytes, abortSignal) => {
      const log = logOf(place);
      if (offset === 0) {
        await blobs.ensureContainer(place.account, place.container, abortSignal);
        const blobHTTPHeaders = { blobContentType: 'text/plain; charset=utf-8' };
        await log.createIfNotExists({ abortSignal, blobHTTPHeaders });
      }
      try {
        for (let at = 0; at < bytes.length; at += MAX_APPEND_BYTES) {
          const piece = bytes.subarray(at, at + MAX_APPEND_BYTES);
          const conditions = { appendPosition: offset + at };
          await log.appendBlock(piece, piece.length, { abortSignal, conditions });
        }
        return true;
      } catch (error) {
        // 412 AppendPositionConditionNotMet, or 404 for a log that somebody deleted.
        if (statusOf(error) === 412 || statusOf(error) === 404) return false;
        throw error;
      }
    },
    download: async ({ account, container, name }, path, signal) => {
      await blobs.getFile({ account, container, blob: name, path, signal });
    },
    uploadVhd: async ({ account, container, name }, path, signal) => {
      const { url, kind } = await blobs.putFile({ account, container, blob: name, path, signal });
      if (kind === 'PageBlob') return url;
      throw new GoldsmithError('DistributeFailed', 'What was uploaded is not a fixed VHD', {
        internal: path,
      });
    },
    addressOf: ({ account, container, name }) => blobs.blobUrl(account, container, name),
    placeOf: (address) => {
      const found = blobs.locate(address);
      return found === undefined
        ? undefined
        : { account: found.account, container: found.container, name: found.blob };
    },
  };
}

function statusOf(error: unknown): unknown {
  return error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
}
