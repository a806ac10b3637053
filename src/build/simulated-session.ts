/** A session with a machine that is none, for people who develop clients: the whole flow, in seconds, without QEMU. */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createLayer } from '../disk/layers/create-layer.ts';
import { generateSshKeyPair } from '../guest/ssh/key-pair.ts';
import { openSimulatedShell, SIMULATED, type SimulationPace } from '../guest/simulated/simulated-shell.ts';
import { GoldsmithError } from '../model/errors.ts';
import { FakeMachine } from '../vm/fake/fake-machine.ts';
import type { RunningVm, VmDisk } from '../vm/hypervisor.ts';
import { checkpointFiles, readMachine } from './checkpoints/checkpoint-machine.ts';
import type { wakeCheckpoint } from './checkpoints/wake-checkpoint.ts';
import type { GuestSession, openGuestSession } from './guest-session.ts';
import { machineSpec, newIdentity, type MachineDescription } from './machine-description.ts';
import { Watch } from './watch.ts';

/** Stands in for `openGuestSession`; `options.hypervisor` must be the fake one. */
export function simulateSessions(pace: SimulationPace): typeof openGuestSession {
  return async (options, signal) => {
    const { machine, disk, workDir, location, onProgress } = options;
    onProgress?.(SIMULATED);
    try {
      await wait(pace.bootMs, undefined, { signal });
    } catch (cause) {
      throw new GoldsmithError('Cancelled', 'Starting the machine was cancelled', { cause });
    }
    const spec = machineSpec(machine, { disk, discs: [], network: undefined, workDir });
    const vm = fake(await options.hypervisor.start(spec, signal));
    vm.note(`${machine.name} ${machine.vmId}`);
    return simulatedSession({ machine, location, vm, pace });
  };
}

/** Stands in for `wakeCheckpoint`: the copy knows what was done to the machine before it was frozen. */
export function simulateWaking(pace: SimulationPace): typeof wakeCheckpoint {
  return async (options, signal) => {
    const { store, entry, basePath, workDir, user, location, onProgress } = options;
    onProgress?.(SIMULATED);
    const facts = readMachine(entry);
    const claimed = await store.claim(entry, join(workDir, 'claimed'), {
      files: [checkpointFiles.state],
      signal,
    });
    const statePath = claimed?.files.get(checkpointFiles.state);
    if (facts === undefined || claimed === undefined || statePath === undefined) {
      throw new GoldsmithError('SourceInvalid', 'The checkpoint has just been removed');
    }
    const verdict = await store.verify(claimed, { signal });
    if (!verdict.sound) throw new GoldsmithError('SourceInvalid', verdict.problem);
    const machine = { ...facts.machine, ...newIdentity(options.name, facts.machine.address) };
    const disk: VmDisk = {
      ...{ path: join(workDir, 'layer-0.qcow2'), format: 'qcow2', ephemeral: false },
      below: [
        { path: basePath, format: 'raw' },
        ...claimed.disks.map((path) => ({ path, format: 'qcow2' as const })),
      ],
    };
    await createLayer(disk.path, facts.diskBytes, { user, signal });
    const spec = machineSpec(machine, { disk, discs: [], network: undefined, workDir });
    const vm = fake(await options.hypervisor.restore(spec, statePath, signal));
    vm.note(`${machine.name} ${machine.vmId}`);
    return simulatedSession({ machine, location, vm, pace });
  };
}

function fake(vm: RunningVm): FakeMachine {
  if (vm instanceof FakeMachine) return vm;
  throw new GoldsmithError('Internal', 'A simulated session wants a simulated machine');
}

function simulatedSession(parts: {
  readonly machine: MachineDescription;
  readonly location: string;
  readonly vm: FakeMachine;
  readonly pace: SimulationPace;
}): GuestSession {
  const { machine, location, vm, pace } = parts;
  return {
    ...{ machine, location, vm },
    key: generateSshKeyPair(),
    ...{ discs: [], kernel: undefined, memory: undefined, freezable: true },
    shell: openSimulatedShell(vm, machine.userName, pace),
    watch: new Watch(),
    [Symbol.asyncDispose]: async () => vm.kill(),
  };
}
