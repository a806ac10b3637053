/**
 * Storage accounts of the service inside one account of Azure Storage (or of anything that speaks its protocol),
 * which several machines share. Container `vhds` of account `abc` is container `abc-vhds` there. The one key stays
 * with the service; clients get SAS.
 */
import {
  BlobServiceClient,
  ContainerClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { GoldsmithError } from '../../model/errors.ts';
import type { BlobPlace, BlobService, PutBlob, PutFileRequest, SasGrant } from './blob-service.ts';
import { getBlobFile, type GetFileRequest } from './get-blob-file.ts';
import { encodeBlobName, isContainerName, pathBelow, requireContainerName } from './names.ts';
import { putBlobFile, type FindExtents } from './put-blob-file.ts';
import { serviceAgent, servicePipeline, type ServiceConnection } from './service-pipeline.ts';

export interface AzureStorageOptions {
  /** Blob endpoint of the account, for example `https://<account>.blob.core.windows.net`. */
  readonly url: string;
  readonly accountName: string;
  /** Base64. */
  readonly accountKey: string;
  /** PEM, for services whose certificate nobody else vouches for. */
  readonly ca?: string;
  readonly findExtents?: FindExtents;
}

/** @throws GoldsmithError `BadUsage` for an address that cannot be one. Nothing is asked of the service yet. */
export function openAzureStorage(options: AzureStorageOptions): BlobService {
  const url = URL.parse(options.url);
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '') {
    throw new GoldsmithError('BadUsage', `"${options.url}" is not the address of a storage account`, {
      hint: 'Give its blob endpoint, for example https://<account>.blob.core.windows.net.',
    });
  }
  return new AzureStorageBlobs({ ...options, url: url.href.replace(/\/+$/, '') });
}

class AzureStorageBlobs implements BlobService {
  readonly takesAccountKeys = false;
  readonly #options: AzureStorageOptions;
  readonly #credential: StorageSharedKeyCredential;
  readonly #connection: ServiceConnection;
  readonly #client: BlobServiceClient;

  constructor(options: AzureStorageOptions) {
    this.#options = options;
    this.#credential = new StorageSharedKeyCredential(options.accountName, options.accountKey);
    this.#connection = { agent: serviceAgent(options.url, options.ca), ready: async () => undefined };
    this.#client = new BlobServiceClient(options.url, servicePipeline(this.#connection, this.#credential));
  }

  accountEndpoint(): string {
    return this.#options.url;
  }

  async addAccount(): Promise<void> {
    // Its containers carry its name; there is nothing else to it.
  }

  async removeAccount(account: string, signal: AbortSignal): Promise<void> {
    for (const container of await this.containers(account, signal)) {
      await this.container(account, container).deleteIfExists({ abortSignal: signal });
    }
  }

  async containers(account: string, signal: AbortSignal): Promise<readonly string[]> {
    const prefix = `${account}-`;
    const names: string[] = [];
    for await (const { name } of this.#client.listContainers({ prefix, abortSignal: signal })) {
      names.push(name.slice(prefix.length));
    }
    return names.toSorted();
  }

  container(account: string, container: string): ContainerClient {
    return this.#client.getContainerClient(realName(account, container));
  }

  async ensureContainer(account: string, container: string, signal: AbortSignal): Promise<void> {
    await this.container(account, container).createIfNotExists({ abortSignal: signal });
  }

  blobUrl(account: string, container: string, blob: string): string {
    return `${this.#options.url}/${realName(account, container)}/${encodeBlobName(blob)}`;
  }

  locate(url: string): BlobPlace | undefined {
    const found = pathBelow(this.#options.url, url);
    const [, account, container] = /^([a-z0-9]{3,24})-(.+)$/.exec(found?.container ?? '') ?? [];
    if (found === undefined || account === undefined || container === undefined) return undefined;
    return { account, container, blob: found.blob };
  }

  async containerSas(account: string, container: string, grant: SasGrant): Promise<string> {
    const { startsOn, expiresOn } = grant;
    const values = {
      containerName: realName(account, container),
      permissions: ContainerSASPermissions.parse(grant.permissions),
      expiresOn,
      ...(startsOn === undefined ? {} : { startsOn }),
      protocol: this.#options.url.startsWith('https:') ? SASProtocol.Https : SASProtocol.HttpsAndHttp,
    };
    return generateBlobSASQueryParameters(values, this.#credential).toString();
  }

  async putFile(request: PutFileRequest): Promise<PutBlob> {
    const { account, container, blob, signal } = request;
    await this.ensureContainer(account, container, signal);
    const put = await putBlobFile(this.container(account, container), request, this.#options.findExtents);
    return { url: this.blobUrl(account, container, blob), ...put };
  }

  async getFile(request: GetFileRequest): Promise<void> {
    const { account, container, sas } = request;
    await getBlobFile(
      sas === undefined ? this.container(account, container) : this.#guest(account, container, sas),
      request,
    );
  }

  /** The container as somebody without the key sees it. */
  #guest(account: string, container: string, sas: string): ContainerClient {
    const url = `${this.#options.url}/${realName(account, container)}`;
    return new ContainerClient(
      sas === '' ? url : `${url}?${sas}`,
      servicePipeline(this.#connection, undefined),
    );
  }

  async flush(): Promise<void> {
    // Azure Storage answers when a write is durable.
  }

  async ready(signal: AbortSignal): Promise<void> {
    try {
      await this.#client.getProperties({ abortSignal: signal });
    } catch (cause) {
      if (signal.aborted) {
        throw new GoldsmithError('Cancelled', 'Waiting for the storage account was cancelled', { cause });
      }
      throw new GoldsmithError(
        'HostNotReady',
        `The storage account at ${this.#options.url} does not answer`,
        {
          cause,
          internal: cause instanceof Error ? cause.message : String(cause),
          hint: 'Check its address and its key.',
        },
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.agent.destroy();
  }
}

function realName(account: string, container: string): string {
  const name = `${account}-${requireContainerName(container)}`;
  if (isContainerName(name)) return name;
  throw new GoldsmithError('BadUsage', `"${container}" cannot be a container of "${account}"`, {
    hint: 'On a shared storage account both names together have at most 62 characters.',
  });
}
