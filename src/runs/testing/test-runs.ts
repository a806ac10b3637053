/** The parts of a service with simulated machines, for tests of runs. */
import { join } from 'node:path';
import { markSimulatedHome } from '../../build/simulated-host.ts';
import type { SimulationPace } from '../../guest/simulated/simulated-shell.ts';
import { openHome, type Home } from '../../host/home.ts';
import type { ImageTemplate } from '../../model/image-template.ts';
import { GIB } from '../../model/sizes.ts';
import type { ResourceDraft } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import type { ImageRegistry } from '../run-ports.ts';
import type { RunRequest } from '../run-service.ts';
import { createStagingView } from '../staging-view.ts';
import type { RunWorkerOptions } from '../worker/worker-options.ts';
import { createFolderFiles } from './folder-files.ts';

export const TEST_SUBSCRIPTION = '00000000-0000-0000-0000-000000000001';
const GROUP = `/subscriptions/${TEST_SUBSCRIPTION}/resourceGroups/tests`;
export const STAGING_GROUP = 'IT_tests';

export const FAST: SimulationPace = { bootMs: 1, stepMs: 1, secondMs: 1000 };

export function templateIdOf(name: string): string {
  return `${GROUP}/providers/Microsoft.VirtualMachineImages/imageTemplates/${name}`;
}

/** Options of a worker whose home and storage accounts are below `root`. */
export function testWorkerOptions(
  root: string,
  store: Store,
  more: Partial<RunWorkerOptions> = {},
): RunWorkerOptions {
  const home = testHome(root);
  return {
    store,
    files: createFolderFiles(join(root, 'accounts')),
    images: registerAsResource(store),
    staging: createStagingView(store, Date.now),
    home,
    executor: {
      argv: [process.execPath, join(import.meta.dirname, '..', '..', 'cli', 'run-executor.ts')],
      env: { GOLDSMITH_HOME: home.root },
    },
    simulate: FAST,
    capacity: () => ({ cpus: 8, memoryBytes: 32 * GIB, diskBytes: 400 * GIB }),
    now: Date.now,
    onLine: () => undefined,
    onError: (error) => {
      throw error;
    },
    ...more,
  };
}

export function testHome(root: string): Home {
  const home = openHome({ GOLDSMITH_HOME: join(root, 'home') });
  markSimulatedHome(home);
  return home;
}

/** A stored template, and the request for a run of it. */
export async function storeTemplate(store: Store, template: ImageTemplate): Promise<RunRequest> {
  const name = template.name ?? 'test';
  const templateId = templateIdOf(name);
  await store.resources.insert(
    resource(templateId, 'Microsoft.VirtualMachineImages/imageTemplates', name, template.location),
  );
  return {
    templateId,
    subscriptionId: TEST_SUBSCRIPTION,
    template,
    staging: {
      subscriptionId: TEST_SUBSCRIPTION,
      resourceGroup: STAGING_GROUP,
      storageAccount: 'stagingtests',
    },
    artifacts: [],
  };
}

/** What a compute provider would do, as far as runs can tell. */
function registerAsResource(store: Store): ImageRegistry {
  return {
    register: async ({ artifact, location }) => {
      const type =
        artifact.kind === 'ManagedImage'
          ? 'Microsoft.Compute/images'
          : 'Microsoft.Compute/galleries/images/versions';
      const name = artifact.artifactId.split('/').at(-1) ?? '';
      const draft = resource(artifact.artifactId, type, name, location);
      if ((await store.resources.insert(draft)) === undefined) await store.resources.replace(draft);
    },
  };
}

function resource(id: string, type: string, name: string, location: string): ResourceDraft {
  const at = new Date().toISOString();
  return {
    ...{ id, type, name, location },
    subscriptionId: TEST_SUBSCRIPTION,
    resourceGroup: 'tests',
    tags: {},
    body: { properties: {} },
    secret: undefined,
    createdAt: at,
    createdBy: 'test',
    createdByType: 'User',
    changedAt: at,
    changedBy: 'test',
    changedByType: 'User',
  };
}
