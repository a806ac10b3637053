/**
 * Storage accounts and the bytes in them. Azurite stands behind it on one machine, Azure Storage when several
 * machines share it; both pass one contract suite.
 */
import type { BlockBlobUploadOptions, ContainerClient } from '@azure/storage-blob';
import type { GetFileRequest } from './get-blob-file.ts';

export interface AccountKeys {
  /** Base64, as `listKeys` shows them. */
  readonly key1: string;
  readonly key2: string;
}

export interface BlobService extends AsyncDisposable {
  /**
   * True when clients open an account with the keys that `addAccount` got. False on Azure Storage: all accounts
   * live in one there, whose key nobody else may have, so clients are given a SAS for one container instead.
   */
  readonly takesAccountKeys: boolean;
  /** Where clients reach the account, without a slash at the end; `primaryEndpoints.blob` is this and a slash. */
  accountEndpoint(account: string): string;
  /** Makes the account known, or changes its keys; at once and until it is removed. It needs to be told at each start. */
  addAccount(account: string, keys: AccountKeys): Promise<void>;
  /** Deletes the containers of the account and forgets it. Nothing happens when it is not there. */
  removeAccount(account: string, signal: AbortSignal): Promise<void>;
  /** Names of the account's containers, in order. */
  containers(account: string, signal: AbortSignal): Promise<readonly string[]>;
  /**
   * The container as a client of Azure's own SDK; it need not exist. Its requests wait until the service has started.
   * @throws GoldsmithError `Internal` when the account was not added, `BadUsage` for a name that cannot be a container's.
   */
  container(account: string, container: string): ContainerClient;
  /** Makes the container unless it is there. */
  ensureContainer(account: string, container: string, signal: AbortSignal): Promise<void>;
  /** The address of a blob as clients see it, without SAS. */
  blobUrl(account: string, container: string, blob: string): string;
  /** What `blobUrl` was asked for; undefined when the address is not one of this service. A query is ignored. */
  locate(url: string): BlobPlace | undefined;
  /** A SAS for one container (without `?`), for clients that have no key. */
  containerSas(account: string, container: string, grant: SasGrant): Promise<string>;
  /**
   * Uploads a file in place of an older blob, making the container if need be. A fixed VHD becomes a page blob whose
   * empty parts are not sent; anything else a block blob. It is durable when this returns.
   * @throws GoldsmithError `DistributeFailed`, `Cancelled`; a part of a new blob does not stay.
   */
  putFile(request: PutFileRequest): Promise<PutBlob>;
  /**
   * Downloads a blob into a new file, sparse where a page blob is.
   * @throws GoldsmithError `SourceNotFound`, `DownloadFailed`, `Cancelled`; no file is left then.
   */
  getFile(request: GetFileRequest): Promise<void>;
  /** Waits until everything that was answered survives the sudden end of this machine's processes. */
  flush(): Promise<void>;
  /** Resolves when requests are served. @throws GoldsmithError `HostNotReady` when that will not happen. */
  ready(signal: AbortSignal): Promise<void>;
}

export interface BlobPlace {
  readonly account: string;
  readonly container: string;
  readonly blob: string;
}

export interface SasGrant {
  /** Letters of container permissions in Azure's order, for example `rl`. */
  readonly permissions: string;
  readonly startsOn?: Date;
  readonly expiresOn: Date;
}

export interface PutFileRequest {
  readonly account: string;
  readonly container: string;
  /** Slashes make folders, as in `<run>/customization.log`. */
  readonly blob: string;
  readonly path: string;
  readonly headers?: BlockBlobUploadOptions['blobHTTPHeaders'];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Bytes of the file done so far and in all; holes count as done when they are passed. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface PutBlob {
  readonly url: string;
  readonly kind: 'PageBlob' | 'BlockBlob';
  readonly sizeBytes: number;
  /** What went over the wire. */
  readonly sentBytes: number;
}
