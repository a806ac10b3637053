/** All that answers under Resource Manager, and the runs behind it: blobs, images, templates and a worker. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { SimulationPace } from '../guest/simulated/simulated-shell.ts';
import type { Home } from '../host/home.ts';
import type { AccessCheck } from '../identity/access/access-check.ts';
import { assignRole } from '../identity/access/assign-role.ts';
import type { Principal } from '../identity/principal.ts';
import { loadCatalogue } from '../images/catalogue/catalogue.ts';
import { openImageStore } from '../images/store/image-store.ts';
import { createAuthorizationProvider } from '../providers/authorization/provider.ts';
import { createComputeProvider } from '../providers/compute/compute-provider.ts';
import { createImageRegistry } from '../providers/compute/image-registry.ts';
import { isPlatformImage } from '../providers/compute/platform/platform-images.ts';
import { createFeaturesProvider } from '../providers/features/features-provider.ts';
import type { Directory } from '../providers/graph/directory.ts';
import { createInsightsProvider } from '../providers/insights/provider.ts';
import { createRegistrationOnlyProviders } from '../providers/key-vault/provider.ts';
import { createManagedIdentityProvider } from '../providers/managed-identity/provider.ts';
import { createNetworkProvider } from '../providers/network/provider.ts';
import type { Dispatch, ResourceProvider } from '../providers/resource-provider.ts';
import { createResourcesProvider } from '../providers/resources/provider.ts';
import { openStoredAccounts } from '../providers/storage/accounts.ts';
import { createStagingFiles } from '../providers/storage/staging-files.ts';
import { createStorageProvider } from '../providers/storage/storage-provider.ts';
import { createImageBuilderProvider } from '../providers/virtual-machine-images/provider.ts';
import { createRunService } from '../runs/create-run-service.ts';
import type { ExecutorCommand } from '../runs/executor/start-executor.ts';
import { createStagingView } from '../runs/staging-view.ts';
import { hostCapacity, simulatedCapacity } from '../runs/worker/admission.ts';
import { startRunWorker } from '../runs/worker/run-worker.ts';
import type { BlobService } from '../store/blobs/blob-service.ts';
import type { Store } from '../store/store.ts';

export interface ResourceProviderDeps {
  readonly home: Home;
  /** Of the service; holds the files that are being fetched. */
  readonly dataFolder: string;
  readonly store: Store;
  readonly blobs: BlobService;
  readonly access: AccessCheck;
  readonly directory: Directory;
  readonly tenantId: string;
  /** Works only when the application is put together. */
  readonly dispatch: Dispatch;
  readonly executor: ExecutorCommand;
  /** Machines are simulated when it is given. */
  readonly simulate: SimulationPace | undefined;
  readonly log: Logger;
  readonly now: () => Date;
}

export interface ResourceProviders {
  readonly all: readonly ResourceProvider[];
  /** Begins the work that was asked for before; call it when `dispatch` works. What runs then ends with `stack`. */
  start(stack: AsyncDisposableStack): Promise<void>;
}

/** Role Owner: the image builder gives templates' identities their place in staging groups. */
const OWNER = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';

export async function createResourceProviders(deps: ResourceProviderDeps): Promise<ResourceProviders> {
  const { home, dataFolder, store, blobs, access, directory, dispatch, executor, simulate, log, now } = deps;
  const servicePrincipal = await ownPrincipal(deps);
  const catalogue = (): ReturnType<typeof loadCatalogue> => loadCatalogue(home);
  const workFolder = join(dataFolder, 'work');
  rmSync(workFolder, { recursive: true, force: true });
  mkdirSync(workFolder, { recursive: true, mode: 0o700 });
  const common = { store, access, now, newId: randomUUID };
  const resources = createResourcesProvider({ ...common, dispatch });
  const openImages = (): ReturnType<typeof openImageStore> => openImageStore(home);
  const compute = await createComputeProvider({ store, openImages, blobs, catalogue, now });
  const imageBuilder = await createImageBuilderProvider({
    ...common,
    ...{ dispatch, servicePrincipal, blobs, workFolder },
    runs: createRunService({ store, now: () => now().getTime() }),
    hasPlatformImage: async (source) =>
      simulate !== undefined || isPlatformImage({ openImages, catalogue }, source),
  });
  return {
    all: [
      ...[resources, compute, imageBuilder],
      createManagedIdentityProvider(common),
      createAuthorizationProvider({ ...common, directory }),
      createNetworkProvider(common),
      createStorageProvider({ store, blobs, now }),
      createInsightsProvider(store),
      createFeaturesProvider({ settings: store.settings }),
      ...createRegistrationOnlyProviders(),
    ],
    async start(stack) {
      await openStoredAccounts({ store, blobs, now });
      const deletions = await resources.start();
      stack.defer(async () => deletions.stop(5_000));
      stack.use(
        await startRunWorker({
          ...{ store, home, executor, simulate },
          files: createStagingFiles(blobs),
          images: createImageRegistry({ store, openImages, principal: servicePrincipal, now }),
          staging: createStagingView(store, () => now().getTime()),
          capacity: () => (simulate === undefined ? hostCapacity(home.root) : simulatedCapacity()),
          now: () => now().getTime(),
          onLine: (line) => log.info(line),
          onError: (error) => log.error({ err: error }, 'a worker went on after a failure'),
        }),
      );
    },
  };
}

/** The image builder acts in its own name, everywhere. */
async function ownPrincipal({ store, tenantId, now }: ResourceProviderDeps): Promise<Principal> {
  const kept = await store.settings.insertIfAbsent('image-builder/principal', { objectId: randomUUID() });
  const objectId = kept['objectId'];
  if (typeof objectId !== 'string') throw new Error('The setting image-builder/principal is damaged');
  const principal: Principal = {
    ...{ objectId, tenantId },
    name: 'Azure Virtual Machine Image Builder',
    type: 'Application',
  };
  await assignRole(store.resources, {
    ...{ scope: '/', role: OWNER, principalId: objectId, principalType: 'ServicePrincipal' },
    ...{ by: principal, now: now() },
  });
  return principal;
}
