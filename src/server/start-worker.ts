/** A worker without the service: takes runs from a database that several machines share. */
import type { Logger } from 'pino';
import type { SimulationPace } from '../guest/simulated/simulated-shell.ts';
import type { Home } from '../host/home.ts';
import { openTenant } from '../identity/tenant.ts';
import { openImageStore } from '../images/store/image-store.ts';
import { GoldsmithError } from '../model/errors.ts';
import { createImageRegistry } from '../providers/compute/image-registry.ts';
import { createStagingFiles } from '../providers/storage/staging-files.ts';
import type { ExecutorCommand } from '../runs/executor/start-executor.ts';
import { createStagingView } from '../runs/staging-view.ts';
import { hostCapacity, simulatedCapacity } from '../runs/worker/admission.ts';
import { startRunWorker } from '../runs/worker/run-worker.ts';
import { openStore } from '../store/open-store.ts';
import { openSharedBlobs } from './open-shared-blobs.ts';

export interface WorkerOptions {
  readonly home: Home;
  /** `postgres://…` of the service. */
  readonly databaseUrl: string;
  /** `https://…` of the service's storage account, and its key (base64). */
  readonly blobsUrl: string;
  readonly blobsKey: string | undefined;
  readonly executor: ExecutorCommand;
  readonly simulate: SimulationPace | undefined;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Works until it is disposed of; runs that are not done then begin anew elsewhere.
 * @throws GoldsmithError `HostNotReady` when the database cannot be used or no service was ever started on it,
 *   `BadUsage` for a storage account that cannot be used.
 */
export async function startWorker(options: WorkerOptions): Promise<AsyncDisposable> {
  const { home, executor, simulate, log, now } = options;
  await using stack = new AsyncDisposableStack();
  const store = stack.use(
    await openStore(
      { url: options.databaseUrl },
      { onError: (error) => log.error({ err: error }, 'the database had trouble in the background') },
    ),
  );
  const objectId = (await store.settings.get('image-builder/principal'))?.['objectId'];
  if (typeof objectId !== 'string') {
    throw new GoldsmithError('HostNotReady', 'No service was ever started on this database', {
      hint: 'Start `./goldsmith serve` on it first.',
    });
  }
  const { tenantId } = await openTenant(store.settings);
  const blobs = stack.use(openSharedBlobs(options.blobsUrl, options.blobsKey));
  stack.use(
    await startRunWorker({
      ...{ store, home, executor, simulate, now },
      files: createStagingFiles(blobs),
      images: createImageRegistry({
        store,
        openImages: () => openImageStore(home),
        principal: {
          ...{ objectId, tenantId },
          name: 'Azure Virtual Machine Image Builder',
          type: 'Application',
        },
        now: () => new Date(now()),
      }),
      staging: createStagingView(store, now),
      capacity: () => (simulate === undefined ? hostCapacity(home.root) : simulatedCapacity()),
      onLine: (line) => log.info(line),
      onError: (error) => log.error({ err: error }, 'the worker went on after a failure'),
    }),
  );
  return stack.move();
}
