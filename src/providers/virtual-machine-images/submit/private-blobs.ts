/**
 * Scripts and files that lie in a storage account of this service. Whoever may read them is decided as Azure Storage
 * does it: by a SAS in the address, else by the roles of the template's identity, else the container must be public.
 */
import type { FetchOptions } from '../../../guest/artifacts/fetch-artifacts.ts';
import { redactUri } from '../../../guest/artifacts/redact.ts';
import { GoldsmithError, isGoldsmithError } from '../../../model/errors.ts';
import type { BlobPlace } from '../../../store/blobs/blob-service.ts';
import { accountWithName } from '../../storage/account-names.ts';
import type { ImageBuilderDependencies } from '../dependencies.ts';

type Dependencies = Pick<ImageBuilderDependencies, 'store' | 'access' | 'blobs' | 'downloads'>;

/** What `Storage Blob Data Reader` and the roles above it allow. */
const readBlobs = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read';

/**
 * Fetches blobs of this service for the identity `principalId`; undefined: a template without one.
 * @throws GoldsmithError `DownloadFailed` in Azure Storage's words, naming the blob; `Cancelled`.
 */
export function privateBlobs(
  { store, access, blobs, downloads }: Dependencies,
  principalId: string | undefined,
): NonNullable<FetchOptions['fetchOwn']> {
  const mayRead = async ({ account, container }: BlobPlace): Promise<boolean> => {
    const accountId = await accountWithName(store, account);
    if (accountId === undefined || principalId === undefined) return false;
    const scope = `${accountId}/blobServices/default/containers/${container}`;
    return access.allowed({ objectId: principalId }, readBlobs, scope, { dataAction: true });
  };
  return async (uri, localPath, signal) => {
    const place = blobs.locate(uri);
    if (place === undefined) return false;
    const query = new URL(uri).search.slice(1);
    const hasSas = new URLSearchParams(query).has('sig');
    const isReader = !hasSas && (await mayRead(place));
    try {
      await blobs.getFile({
        ...{ ...place, path: localPath, signal },
        ...(isReader ? {} : { sas: hasSas ? query : '' }),
        ...(downloads === undefined ? {} : { maxBytes: downloads.maxBytes }),
      });
    } catch (error) {
      if (!isGoldsmithError(error) || error.code === 'Cancelled') throw error;
      const why = reason(error, place, { hasSas, isReader });
      throw new GoldsmithError(
        'DownloadFailed',
        `Downloading external file (${redactUri(uri)}) failed: ${why}`,
        {
          cause: error,
        },
      );
    }
    return true;
  };
}

/** Storage tells a stranger 404 for a private container; what helps is to say which right is missing. */
function reason(
  error: GoldsmithError,
  { account, container }: BlobPlace,
  { hasSas, isReader }: { readonly hasSas: boolean; readonly isReader: boolean },
): string {
  if (!hasSas && !isReader) {
    return (
      '403 AuthorizationPermissionMismatch: This request is not authorized to perform this operation using this ' +
      `permission. Give the identity of the template the role 'Storage Blob Data Reader' on the storage account ` +
      `'${account}' or its container '${container}', or use an address with a SAS.`
    );
  }
  const status =
    error.cause instanceof Error && 'statusCode' in error.cause ? error.cause.statusCode : undefined;
  if (hasSas && (status === 401 || status === 403))
    return `${status} AuthenticationFailed: The SAS is not accepted.`;
  return error.message;
}
