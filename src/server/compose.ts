/** Puts the service together and starts it: the composition root of everything behind the HTTP API. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { SimulationPace } from '../guest/simulated/simulated-shell.ts';
import { openHome, type Home } from '../host/home.ts';
import { createAccessCheck } from '../identity/access/access-check.ts';
import { openSigningKeys } from '../identity/keys/signing-keys.ts';
import { openTlsIdentity, type TlsIdentity } from '../identity/keys/tls-identity.ts';
import { createServicePrincipals } from '../identity/principals/service-principals.ts';
import { openTenant } from '../identity/tenant.ts';
import { createTokenService, type TokenService } from '../identity/tokens/token-service.ts';
import { loadCatalogue } from '../images/catalogue/catalogue.ts';
import { locationName } from '../providers/arm/locations.ts';
import { createDirectory } from '../providers/graph/directory.ts';
import { graphRoutes } from '../providers/graph/graph-routes.ts';
import { createActivityRecorder } from '../providers/insights/activity-recorder.ts';
import { lockAgainst, scopeLocked } from '../providers/resources/locks.ts';
import type { Dispatch } from '../providers/resource-provider.ts';
import type { ExecutorCommand } from '../runs/executor/start-executor.ts';
import type { BlobService } from '../store/blobs/blob-service.ts';
import { openStore } from '../store/open-store.ts';
import { createApp } from './app.ts';
import { createSubscriptions } from './directory/subscriptions.ts';
import { ensureFirstPrincipal } from './first-principal.ts';
import { keepHouse } from './housekeeping.ts';
import { listOperations, type ServiceOperation } from './list-operations.ts';
import { listen } from './listen.ts';
import { imageAliases } from './metadata/image-aliases.ts';
import { openBlobs } from './open-blobs.ts';
import { ownHosts } from './own-hosts.ts';
import { createResourceProviders } from './resource-providers.ts';
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
  /** Key of that account, base64. */
  readonly blobsKey: string | undefined;
  /** How the process is started that executes a run. */
  readonly executor: (home: Home) => ExecutorCommand;
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
  readonly operations: readonly ServiceOperation[];
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

  const blobs = stack.use(
    await openBlobs({
      ...{ url: options.blobsUrl, accountKey: options.blobsKey, folder: files.blobs },
      ...{ host: options.host, publicHost: shownHost(options.host), tls, settings, log },
    }),
  );
  const late: { dispatch?: Dispatch } = {};
  const home = options.simulate ? simulatedHome(files.folder) : options.home;
  const providers = await createResourceProviders({
    ...{ home, dataFolder: files.folder, store, blobs, access, directory, tenantId, log, now },
    executor: options.executor(home),
    simulate: options.simulate ? simulationPace : undefined,
    dispatch: async (request) => {
      if (late.dispatch === undefined) throw new Error('The service is not put together yet');
      return late.dispatch(request);
    },
  });
  for (const provider of providers.all) {
    stack.defer(async () => provider[Symbol.asyncDispose]?.());
  }
  const activity = stack.use(
    createActivityRecorder({
      ...{ store, now, newId: randomUUID },
      onError: (error) => log.error({ err: error }, 'the activity log could not be written'),
    }),
  );
  const storageSuffix = storageSuffixOf(blobs);
  const app = createApp({
    ...{ store, tenant, subscriptions, principals, keys, tokens, access, isOwnHost, log, now },
    providers: providers.all,
    refuseIfLocked: async (id, method) => {
      const lock = await lockAgainst(store, id, method);
      if (lock !== undefined) throw scopeLocked(id, method, lock);
    },
    storageSuffix: () => storageSuffix,
    imageAliases: imageAliases(loadCatalogue(options.home)),
    onActivity: activity.record,
    mounts: [{ path: '/v1.0', app: graphRoutes({ directory, isAllowed: mayAskDirectory(tokens) }) }],
  });
  late.dispatch = app.dispatch;
  await providers.start(stack);
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
  return {
    ...{ endpoint, credentials, tls },
    operations: listOperations(providers.all),
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}

/** Slow enough to be followed, fast enough for tests of clients. */
const simulationPace: SimulationPace = { bootMs: 300, stepMs: 100, secondMs: 1000 };

/** Simulated images never lie beside real ones. */
function simulatedHome(dataFolder: string): Home {
  return openHome({ GOLDSMITH_HOME: join(dataFolder, 'simulated') });
}

function mayAskDirectory(tokens: TokenService): (authorization: string | undefined) => Promise<boolean> {
  return async (authorization) => {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    // The directory is at the address of the cloud itself, so that tokens for it are tokens for Resource Manager.
    return token !== undefined && (await tokens.check(token, ['graph', 'arm'])).ok;
  };
}

const anyAddress = new Set(['0.0.0.0', '::', '']);
const loopback = new Set(['127.0.0.1', '::1', 'localhost']);

/** Names that the certificate needs besides this machine's. */
function namesOf(host: string): readonly string[] {
  return anyAddress.has(host) || loopback.has(host) ? [] : [host];
}

/** What clients put behind `<account>.blob.`; with the port, which is not the usual one. */
function storageSuffixOf(blobs: BlobService): string {
  return new URL(blobs.accountEndpoint('any')).host.replace(/^[^.]+\.blob\./, '');
}

/** The name in the address that people are told. */
function shownHost(host: string): string {
  if (anyAddress.has(host)) return hostname().toLowerCase();
  if (loopback.has(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
