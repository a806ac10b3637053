/** Puts the service together and starts it: the composition root of everything behind the HTTP API. */
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Home } from '../host/home.ts';
import { createAccessCheck } from '../identity/access/access-check.ts';
import { openSigningKeys } from '../identity/keys/signing-keys.ts';
import { openTlsIdentity, type TlsIdentity } from '../identity/keys/tls-identity.ts';
import { createServicePrincipals } from '../identity/principals/service-principals.ts';
import { openTenant } from '../identity/tenant.ts';
import { createTokenService } from '../identity/tokens/token-service.ts';
import { loadCatalogue } from '../images/catalogue/catalogue.ts';
import { locationName } from '../providers/arm/locations.ts';
import { createAuthorizationProvider } from '../providers/authorization/provider.ts';
import { createFeaturesProvider } from '../providers/features/features-provider.ts';
import { createDirectory } from '../providers/graph/directory.ts';
import { lockAgainst, scopeLocked } from '../providers/resources/locks.ts';
import type { ResourceProvider } from '../providers/resource-provider.ts';
import { openStore } from '../store/open-store.ts';
import { createApp } from './app.ts';
import { createSubscriptions } from './directory/subscriptions.ts';
import { ensureFirstPrincipal } from './first-principal.ts';
import { keepHouse } from './housekeeping.ts';
import { listen } from './listen.ts';
import { imageAliases } from './metadata/image-aliases.ts';
import { ownHosts } from './own-hosts.ts';
import {
  openServiceFiles,
  writeEndpoint,
  type ServiceCredentials,
  type ServiceEndpoint,
} from './service-files.ts';

export interface ServiceOptions {
  readonly home: Home;
  /** Holds the database, keys and credentials; made when it is missing. */
  readonly dataFolder: string;
  /** Address or name to listen on. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** `postgres://…`; undefined: a database in the data folder. */
  readonly databaseUrl: string | undefined;
  /** `https://…` of a storage account; undefined: blobs in the data folder. */
  readonly blobsUrl: string | undefined;
  /** Runs go through every step without a virtual machine. */
  readonly simulate: boolean;
  /** The region that clients on this machine take when they name none. */
  readonly location: string | undefined;
  readonly log: Logger;
  readonly now: () => Date;
}

export interface Service extends AsyncDisposable {
  readonly endpoint: ServiceEndpoint;
  readonly credentials: ServiceCredentials;
  readonly tls: TlsIdentity;
}

/**
 * Starts the service; it answers when this resolves, and ends when it is disposed of.
 * @throws GoldsmithError `HostNotReady` when the database or the port cannot be had.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { log, now } = options;
  await using stack = new AsyncDisposableStack();
  const files = openServiceFiles(options.dataFolder);
  const tls = await openTlsIdentity({ folder: files.tls, extraNames: namesOf(options.host), now });
  const store = stack.use(
    await openStore(
      options.databaseUrl === undefined ? { folder: files.database } : { url: options.databaseUrl },
      {
        cacheFolder: options.home.cache,
        onError: (error) => log.error({ err: error }, 'the database had trouble in the background'),
      },
    ),
  );
  const { settings } = store;
  const nowMs = (): number => performance.now();
  const tenant = await openTenant(settings);
  const { tenantId } = tenant;
  const subscriptions = createSubscriptions({ settings, nowMs });
  const subscription = await subscriptions.ensureFirst('Goldsmith');
  const keys = openSigningKeys({ settings, now });
  const principals = createServicePrincipals({ settings, tenantId, now });
  const credentials = await ensureFirstPrincipal({ store, principals, tenantId, files, now });
  const isOwnHost = ownHosts(tls.names);
  const tokens = createTokenService({ keys, tenantId, isOwnHost, now });
  const access = stack.use(createAccessCheck({ store, nowMs }));
  const directory = createDirectory({ store, applications: principals });

  const providers: readonly ResourceProvider[] = [
    createAuthorizationProvider({ store, access, directory, now }),
    createFeaturesProvider({ settings }),
  ];
  for (const provider of providers) {
    stack.defer(async () => provider[Symbol.asyncDispose]?.());
  }
  const storageSuffix = 'blob.localhost';
  const app = createApp({
    ...{ store, providers, tenant, subscriptions, principals, keys, tokens, access, isOwnHost, log, now },
    refuseIfLocked: async (id, method) => {
      const lock = await lockAgainst(store, id, method);
      if (lock !== undefined) throw scopeLocked(id, method, lock);
    },
    storageSuffix: () => storageSuffix,
    imageAliases: imageAliases(loadCatalogue(options.home)),
  });
  stack.use(keepHouse({ store, log, now }));
  const { certificate, privateKey } = tls;
  const { host, port } = options;
  const listener = stack.use(await listen({ host, port, certificate, privateKey, fetch: app.fetch }));
  const endpoint: ServiceEndpoint = {
    url: `https://${shownHost(host)}:${listener.port}`,
    tenantId,
    subscriptionId: subscription.subscriptionId,
    subscriptionName: subscription.displayName,
    storageSuffix,
    ...(options.location === undefined ? {} : { location: locationName(options.location) }),
  };
  writeEndpoint(files, endpoint);
  const running = stack.move();
  return { endpoint, credentials, tls, [Symbol.asyncDispose]: async () => running.disposeAsync() };
}

const anyAddress = new Set(['0.0.0.0', '::', '']);
const loopback = new Set(['127.0.0.1', '::1', 'localhost']);

/** Names that the certificate needs besides this machine's. */
function namesOf(host: string): readonly string[] {
  return anyAddress.has(host) || loopback.has(host) ? [] : [host];
}

/** The name in the address that people are told. */
function shownHost(host: string): string {
  if (anyAddress.has(host)) return hostname().toLowerCase();
  if (loopback.has(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
