/** A build host without machines. Its images are placeholders, so it keeps a home of its own. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulationPace } from '../guest/simulated/simulated-shell.ts';
import type { Home } from '../host/home.ts';
import { loadCatalogue } from '../images/catalogue/catalogue.ts';
import { resolveSimulatedSource } from '../images/catalogue/simulated-source.ts';
import { openImageStore } from '../images/store/image-store.ts';
import { GoldsmithError } from '../model/errors.ts';
import { GIB } from '../model/sizes.ts';
import { createFakeHypervisor } from '../vm/fake/fake-machine.ts';
import type { BuildHost } from './build-options.ts';
import { openCheckpointStore } from './checkpoints/checkpoint-store.ts';
import { simulateSessions, simulateWaking } from './simulated-session.ts';

/** Simulated machines have no memory to speak of. */
const CHECKPOINT_LIMIT_BYTES = GIB;

/** Opens the host, in a home that {@link markSimulatedHome} takes. */
export function openSimulatedHost(home: Home, pace: SimulationPace): BuildHost & Disposable {
  markSimulatedHome(home);
  const store = openImageStore(home);
  const user = {
    name: String(process.getuid?.() ?? 0),
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    dropsPrivileges: false,
  };
  const now = Date.now;
  return {
    ...{ home, user, store, now },
    checkpoints: openCheckpointStore({ home, user, limitBytes: CHECKPOINT_LIMIT_BYTES, now }),
    catalogue: loadCatalogue(home),
    createHypervisor: () => createFakeHypervisor(),
    accelerator: 'tcg',
    cpuModel: 'simulated',
    machineFacts: {},
    resolveSource: resolveSimulatedSource,
    openSession: simulateSessions(pace),
    wakeSession: simulateWaking(pace),
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
}

/**
 * Makes `home` a place for simulated images alone. To be called before anything else puts images there.
 * @throws GoldsmithError `BadUsage` when there are real images in it.
 */
export function markSimulatedHome(home: Home): void {
  if (isSimulatedHome(home)) return;
  if (readdirSync(home.images).length > 0) {
    throw new GoldsmithError(
      'BadUsage',
      `${home.root} holds real images; a simulation needs a home of its own`,
      {
        hint: 'Give it another folder with GOLDSMITH_HOME.',
      },
    );
  }
  writeFileSync(markOf(home), 'Everything below this folder comes from simulated builds.\n');
}

/** True for a home whose images are placeholders: real builds must not use it. */
export function isSimulatedHome(home: Pick<Home, 'root'>): boolean {
  return existsSync(markOf(home));
}

function markOf(home: Pick<Home, 'root'>): string {
  return join(home.root, 'SIMULATED');
}
