/** Storage accounts of one machine, served by Azurite on the loopback interface. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import {
  BlobServiceClient,
  ContainerClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { GoldsmithError } from '../../../model/errors.ts';
import type {
  AccountKeys,
  BlobPlace,
  BlobService,
  PutBlob,
  PutFileRequest,
  SasGrant,
} from '../blob-service.ts';
import { getBlobFile, type GetFileRequest } from '../get-blob-file.ts';
import { encodeBlobName, isAccountName, pathBelow, requireContainerName } from '../names.ts';
import { putBlobFile, type FindExtents } from '../put-blob-file.ts';
import { serviceAgent, servicePipeline, type ServiceConnection } from '../service-pipeline.ts';
import { AzuriteProcess, DEFAULT_RESTART_DELAYS_MS } from './azurite-process.ts';

export interface AzuriteOptions {
  /** Where blobs are kept; made when missing, used by one server at a time. */
  readonly folder: string;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** 0: a free one, for tests. Addresses of blobs are kept by clients, so that a service wants the same each time. */
  readonly port: number;
  /** Name or address in URLs that clients get. Default `localhost`. */
  readonly publicHost?: string;
  /** PEM files of the server, and PEM of the authority it comes from. Without them plain HTTP. */
  readonly tls?: { readonly certPath: string; readonly keyPath: string; readonly ca: string };
  /** Spares the reading of holes. */
  readonly findExtents?: FindExtents;
  readonly onLine?: (line: string) => void;
  /** Milliseconds before Azurite is started again after each death in a row; then requests fail. */
  readonly restartDelaysMs?: readonly number[];
}

/** Returns at once; Azurite starts meanwhile, and requests wait for it. */
export async function openAzurite(options: AzuriteOptions): Promise<BlobService> {
  const host = options.host ?? '127.0.0.1';
  const port = options.port === 0 ? await freePort(host) : options.port;
  return new AzuriteBlobs({ ...options, host, port });
}

interface Account {
  readonly keys: AccountKeys;
  readonly credential: StorageSharedKeyCredential;
  readonly client: BlobServiceClient;
}

class AzuriteBlobs implements BlobService {
  readonly takesAccountKeys = true;
  readonly #origin: string;
  readonly #accounts = new Map<string, Account>();
  /** Nobody's account: without any Azurite would open its well-known one. */
  readonly #placeholder = `goldsmith${randomBytes(6).toString('hex')}:${randomBytes(64).toString('base64')}`;
  readonly #azurite: AzuriteProcess;
  readonly #connection: ServiceConnection;
  readonly #findExtents: FindExtents | undefined;
  readonly #closed = new AbortController();

  constructor(options: AzuriteOptions & { readonly host: string }) {
    const { folder, host, port, tls, publicHost = 'localhost', onLine = () => undefined } = options;
    this.#origin = `${tls === undefined ? 'http' : 'https'}://${publicHost}:${port}`;
    this.#findExtents = options.findExtents;
    this.#azurite = new AzuriteProcess({
      ...{ folder, host, port, onLine },
      // Azurite takes every host name with a dot for `<account>.<rest>`.
      accountInHost: !publicHost.includes('.'),
      restartDelaysMs: options.restartDelaysMs ?? DEFAULT_RESTART_DELAYS_MS,
      ...(tls === undefined ? {} : { tls: { certPath: tls.certPath, keyPath: tls.keyPath } }),
      accounts: () => this.#accountList(),
    });
    this.#connection = {
      agent: serviceAgent(this.#origin, tls?.ca),
      ready: async () => this.#azurite.ready(this.#closed.signal),
    };
  }

  accountEndpoint(account: string): string {
    return `${this.#origin}/${account}`;
  }

  async addAccount(account: string, keys: AccountKeys): Promise<void> {
    if (!isAccountName(account) || ![keys.key1, keys.key2].every(isKey)) {
      throw new GoldsmithError('Internal', `"${account}" cannot be a storage account`);
    }
    const credential = new StorageSharedKeyCredential(account, keys.key1);
    const pipeline = servicePipeline(this.#connection, credential);
    const client = new BlobServiceClient(this.accountEndpoint(account), pipeline);
    this.#accounts.set(account, { keys, credential, client });
    await this.#azurite.accountsChanged();
  }

  async removeAccount(account: string, signal: AbortSignal): Promise<void> {
    const found = this.#accounts.get(account);
    if (found === undefined) return;
    for (const container of await this.containers(account, signal)) {
      await found.client.getContainerClient(container).deleteIfExists({ abortSignal: signal });
    }
    this.#accounts.delete(account);
    await this.#azurite.flush();
    await this.#azurite.accountsChanged();
  }

  async containers(account: string, signal: AbortSignal): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const { name } of this.#account(account).client.listContainers({ abortSignal: signal })) {
      names.push(name);
    }
    return names.toSorted();
  }

  container(account: string, container: string): ContainerClient {
    return this.#account(account).client.getContainerClient(requireContainerName(container));
  }

  async ensureContainer(account: string, container: string, signal: AbortSignal): Promise<void> {
    await this.container(account, container).createIfNotExists({ abortSignal: signal });
  }

  blobUrl(account: string, container: string, blob: string): string {
    return `${this.accountEndpoint(account)}/${requireContainerName(container)}/${encodeBlobName(blob)}`;
  }

  locate(url: string): BlobPlace | undefined {
    const given = URL.parse(url);
    const [, named] = given?.host === undefined ? [] : (/^([a-z0-9]+)\.blob\./.exec(given.host) ?? []);
    const account = named ?? given?.pathname.split('/')[1] ?? '';
    if (!this.#accounts.has(account)) return undefined;
    const endpoint = named === undefined ? this.accountEndpoint(account) : this.#hostEndpoint(account);
    const found = pathBelow(endpoint, url);
    return found === undefined ? undefined : { account, ...found };
  }

  async containerSas(account: string, container: string, grant: SasGrant): Promise<string> {
    const { startsOn, expiresOn } = grant;
    const values = {
      containerName: requireContainerName(container),
      permissions: ContainerSASPermissions.parse(grant.permissions),
      expiresOn,
      ...(startsOn === undefined ? {} : { startsOn }),
      protocol: this.#origin.startsWith('https:') ? SASProtocol.Https : SASProtocol.HttpsAndHttp,
    };
    return generateBlobSASQueryParameters(values, this.#account(account).credential).toString();
  }

  async putFile(request: PutFileRequest): Promise<PutBlob> {
    const container = this.container(request.account, request.container);
    await container.createIfNotExists({ abortSignal: request.signal });
    const put = await putBlobFile(container, request, this.#findExtents);
    await this.flush();
    return { url: this.blobUrl(request.account, request.container, request.blob), ...put };
  }

  async getFile(request: GetFileRequest): Promise<void> {
    const { account, container, sas } = request;
    await getBlobFile(
      sas === undefined ? this.container(account, container) : this.#guest(account, container, sas),
      request,
    );
  }

  async flush(): Promise<void> {
    await this.#azurite.flush();
  }

  async ready(signal: AbortSignal): Promise<void> {
    await this.#azurite.ready(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    await this.#azurite[Symbol.asyncDispose]();
    this.#connection.agent.destroy();
  }

  /** The form that clients make themselves from the name of an account and the suffix of the cloud. */
  #hostEndpoint(account: string): string {
    return this.#origin.replace('://', `://${account}.blob.`);
  }

  /** The container as somebody without the key sees it. */
  #guest(account: string, container: string, sas: string): ContainerClient {
    const url = `${this.accountEndpoint(account)}/${requireContainerName(container)}`;
    return new ContainerClient(
      sas === '' ? url : `${url}?${sas}`,
      servicePipeline(this.#connection, undefined),
    );
  }

  #account(account: string): Account {
    const found = this.#accounts.get(account);
    if (found !== undefined) return found;
    throw new GoldsmithError('Internal', `The storage account "${account}" is not known to the blob service`);
  }

  #accountList(): string {
    const entries = [...this.#accounts].map(([name, { keys }]) => `${name}:${keys.key1}:${keys.key2}`);
    return [this.#placeholder, ...entries].join(';');
  }
}

function isKey(key: string): boolean {
  return /^[A-Za-z0-9+/]{8,}={0,2}$/.test(key);
}

async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
