/** Where blobs are kept: beside the service, or in a storage account that several machines share. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Logger } from 'pino';
import { dataExtents } from '../disk/extents.ts';
import type { TlsIdentity } from '../identity/keys/tls-identity.ts';
import { openAzurite } from '../store/blobs/azurite/azurite-blobs.ts';
import type { BlobService } from '../store/blobs/blob-service.ts';
import type { SettingsRepository } from '../store/store.ts';
import { openSharedBlobs } from './open-shared-blobs.ts';

export interface OpenBlobsOptions {
  /** Blob endpoint of a storage account; undefined: Azurite in `folder`. */
  readonly url: string | undefined;
  /** Base64 key of that account. */
  readonly accountKey: string | undefined;
  readonly folder: string;
  /** Address that the service listens on, and the name in the addresses that clients get. */
  readonly host: string;
  readonly publicHost: string;
  readonly tls: TlsIdentity;
  readonly settings: SettingsRepository;
  readonly log: Logger;
}

const PORT_SETTING = 'blobs/port';

/** @throws GoldsmithError `BadUsage` when the address or its key cannot be used. */
export async function openBlobs(options: OpenBlobsOptions): Promise<BlobService> {
  const { url, accountKey, folder, host, publicHost, tls, log } = options;
  if (url !== undefined) return openSharedBlobs(url, accountKey);
  return openAzurite({
    ...{ folder, host, publicHost, findExtents: dataExtents },
    port: await keptPort(options),
    tls: { certPath: tls.files.certificate, keyPath: tls.files.privateKey, ca: tls.authority },
    onLine: (line) => log.info(line),
  });
}

/** Addresses of blobs outlive the service, so the port of the first start is taken again at every later one. */
async function keptPort({ settings, host }: OpenBlobsOptions): Promise<number> {
  const kept = (await settings.get(PORT_SETTING))?.['port'];
  if (typeof kept === 'number') return kept;
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const stored = await settings.insertIfAbsent(PORT_SETTING, { port });
  return Number(stored['port']);
}
