/** What the engine needs of this machine: who runs its VMs, with what, and where images are kept. */
import type { BuildHost } from '../build/build-options.ts';
import { cacheLimitBytes } from '../build/checkpoints/cache-limit.ts';
import { openCheckpointStore } from '../build/checkpoints/checkpoint-store.ts';
import { isSimulatedHome } from '../build/simulated-host.ts';
import { chooseAccelerator } from '../host/accelerator/accelerator.ts';
import { currentBuildUser } from '../host/build-user.ts';
import type { Home } from '../host/home.ts';
import { readMachineFacts } from '../host/machine-facts.ts';
import { loadCatalogue } from '../images/catalogue/catalogue.ts';
import { openImageStore } from '../images/store/image-store.ts';
import { GoldsmithError } from '../model/errors.ts';
import { createQemuHypervisor } from '../vm/qemu/qemu-hypervisor.ts';

/** Holds the image store until disposed. */
export type OpenBuildHost = BuildHost & Disposable;

/**
 * @throws GoldsmithError `HostNotReady` when QEMU or the build user is missing, `BadUsage` for a bad catalogue file
 *   and for a home of simulated images,
 *   `Cancelled`.
 */
export async function openBuildHost(home: Home, signal: AbortSignal): Promise<OpenBuildHost> {
  if (isSimulatedHome(home)) {
    throw new GoldsmithError(
      'BadUsage',
      `The images in ${home.root} are simulated; nothing real can be built from them`,
      {
        hint: 'Set GOLDSMITH_HOME to another folder.',
      },
    );
  }
  const user = currentBuildUser();
  const { accelerator, cpuModel, qemuVersion } = await chooseAccelerator({ home, user, signal });
  const limitBytes = await cacheLimitBytes(home.cache, process.env);
  const catalogue = loadCatalogue(home);
  const store = openImageStore(home);
  return {
    home,
    user,
    store,
    catalogue,
    createHypervisor: (onProcess) => createQemuHypervisor({ user, onProcess }),
    accelerator,
    cpuModel,
    machineFacts: readMachineFacts(accelerator, qemuVersion),
    ...(limitBytes === 0
      ? {}
      : { checkpoints: openCheckpointStore({ home, user, limitBytes, now: Date.now }) }),
    now: Date.now,
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
}
