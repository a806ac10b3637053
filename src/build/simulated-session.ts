/** A session with a machine that is none, for people who develop clients: the whole flow, in seconds, without QEMU. */
import { setTimeout as wait } from 'node:timers/promises';
import { generateSshKeyPair } from '../guest/ssh/key-pair.ts';
import { openSimulatedShell, SIMULATED, type SimulationPace } from '../guest/simulated/simulated-shell.ts';
import { GoldsmithError } from '../model/errors.ts';
import { FakeMachine } from '../vm/fake/fake-machine.ts';
import type { openGuestSession } from './guest-session.ts';
import { machineSpec } from './machine-description.ts';
import { Watch } from './watch.ts';

/** Stands in for `openGuestSession`; `options.hypervisor` must be the fake one. */
export function simulateSessions(pace: SimulationPace): typeof openGuestSession {
  return async (options, signal) => {
    const { machine, disk, workDir, onProgress } = options;
    onProgress?.(SIMULATED);
    try {
      await wait(pace.bootMs, undefined, { signal });
    } catch (cause) {
      throw new GoldsmithError('Cancelled', 'Starting the machine was cancelled', { cause });
    }
    const spec = machineSpec(machine, { disk, discs: [], network: undefined, workDir });
    const vm = await options.hypervisor.start(spec, signal);
    if (!(vm instanceof FakeMachine)) {
      throw new GoldsmithError('Internal', 'A simulated session wants a simulated machine');
    }
    vm.note(`${machine.name} ${machine.vmId}`);
    return {
      ...{ machine, location: options.location, memory: undefined, freezable: true },
      key: generateSshKeyPair(),
      discs: [],
      kernel: undefined,
      vm,
      shell: openSimulatedShell(vm, machine.userName, pace),
      watch: new Watch(),
      [Symbol.asyncDispose]: async () => vm.kill(),
    };
  };
}
