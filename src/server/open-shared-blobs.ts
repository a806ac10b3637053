/** The storage account that several machines share, from the address and the key that a person gives. */
import { isIP } from 'node:net';
import { dataExtents } from '../disk/extents.ts';
import { GoldsmithError } from '../model/errors.ts';
import { openAzureStorage } from '../store/blobs/azure-storage-blobs.ts';
import type { BlobService } from '../store/blobs/blob-service.ts';

/**
 * `url`: `https://<account>.blob.core.windows.net`, or `https://<host>:<port>/<account>` of an Azurite.
 * @throws GoldsmithError `BadUsage` when the address or its key cannot be used.
 */
export function openSharedBlobs(url: string, accountKey: string | undefined): BlobService {
  if (accountKey === undefined) {
    throw new GoldsmithError('BadUsage', 'The storage account needs its key', {
      hint: 'Put the key into the environment variable AZURE_STORAGE_KEY.',
    });
  }
  return openAzureStorage({ url, accountName: accountIn(url), accountKey, findExtents: dataExtents });
}

function accountIn(url: string): string {
  const { hostname = '', pathname = '' } = URL.parse(url) ?? {};
  const [first = ''] = pathname.split('/').filter((part) => part !== '');
  const isPathStyle = first !== '' || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0 || !hostname.includes('.');
  return isPathStyle ? first : (hostname.split('.')[0] ?? '');
}
