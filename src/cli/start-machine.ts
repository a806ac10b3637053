/** Starts a machine with a new identity for a person to use: what it finds at first boot, its network, the machine. */
import type { Duplex } from 'node:stream';
import { DEFAULT_BOOT_TIMEOUT_MS } from '../build/build-options.ts';
import { describeMachine, machineSpec, type MachineDescription } from '../build/guest-session.ts';
import { Watch } from '../build/watch.ts';
import type { GuestShell } from '../guest/guest-shell.ts';
import { startProvisioning } from '../guest/provisioning/start-provisioning.ts';
import { connectSsh } from '../guest/ssh/connect.ts';
import { generateSshKeyPair } from '../guest/ssh/key-pair.ts';
import { readHostResources } from '../host/resources.ts';
import { GoldsmithError } from '../model/errors.ts';
import type { Generation } from '../model/image-template.ts';
import type { Provisioning } from '../model/image.ts';
import { formatDuration, GIB } from '../model/sizes.ts';
import type { RunningVm, VmDisk } from '../vm/hypervisor.ts';
import { createUserNetwork } from '../vm/network/user-network.ts';
import { machineEndError } from '../vm/qemu/qemu-machine.ts';
import type { OpenBuildHost } from './connect-build-host.ts';
import type { BootRequest } from './ports.ts';
import type { ScratchFolder } from './scratch-folder.ts';

export interface BootDisk {
  readonly disk: VmDisk;
  readonly generation: Generation;
  readonly provisioning: Provisioning;
}

export interface StartedMachine extends AsyncDisposable {
  readonly vm: RunningVm;
  /**
   * Waits for the guest's SSH server and logs in.
   * @throws GoldsmithError `GuestUnreachable` after 20 minutes, `VmDied`, `GuestPanicked`, `Cancelled`.
   */
  logIn(signal: AbortSignal): Promise<GuestShell>;
  dial(port: number, signal: AbortSignal): Promise<Duplex>;
}

/** Enough for a server image; QEMU takes what the guest touches, not all of it. */
const DEFAULT_MEMORY_BYTES = 2 * GIB;
const DEFAULT_CPUS = 2;
const VM_SIZE = 'Standard_D2ds_v4';

/** @throws GoldsmithError `VmStartFailed`, `HostNotReady`, `Cancelled`. */
export async function startMachine(
  host: OpenBuildHost,
  scratch: ScratchFolder,
  boot: BootDisk,
  request: BootRequest,
  signal: AbortSignal,
): Promise<StartedMachine> {
  await using owned = new AsyncDisposableStack();
  const key = generateSshKeyPair();
  const machine = shape(host, boot, request);
  const { user } = host;
  const { workDir } = scratch;
  const provisioning = owned.use(
    await startProvisioning(machine.provisioning, {
      identity: { ...machine, vmName: machine.name, sshPublicKey: key.publicKey, location: 'local' },
      ...{ user, workDir, signal },
    }),
  );
  const { macAddress, hostName } = machine;
  const network = owned.use(
    await createUserNetwork(
      { macAddress, hostName, user, services: provisioning.services, isolated: !request.network },
      signal,
    ),
  );
  const hypervisor = host.createHypervisor(scratch.onProcess);
  const spec = machineSpec(machine, boot.disk, provisioning.discs, network, workDir);
  const vm = owned.use(await hypervisor.start(spec, signal));
  const watch = new Watch();
  void vm.ended.then((end) => watch.lose(machineEndError(end)));
  void network.failed.then((error) => watch.lose(error));
  void provisioning.failed.then((error) => watch.lose(error));
  const stack = owned.move();
  return {
    vm,
    logIn: async (caller) =>
      withDeadline(caller, async (either) =>
        watch.guard(either, async (signal) => {
          const stream = await network.waitForPort(22, signal);
          return connectSsh({ stream, userName: machine.userName, privateKey: key.privateKey, signal });
        }),
      ),
    dial: async (port, caller) => watch.guard(caller, async (either) => network.dial(port, either)),
    [Symbol.asyncDispose]: async () => stack.disposeAsync(),
  };
}

function shape(host: OpenBuildHost, boot: BootDisk, request: BootRequest): MachineDescription {
  return describeMachine('boot', {
    generation: boot.generation,
    vmSize: VM_SIZE,
    cpus: request.cpus ?? Math.min(DEFAULT_CPUS, readHostResources(host.home.root).cpus),
    memoryBytes: request.memoryBytes ?? DEFAULT_MEMORY_BYTES,
    accelerator: host.accelerator,
    cpuModel: host.cpuModel,
    provisioning: boot.provisioning,
  });
}

async function withDeadline<T>(caller: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = AbortSignal.timeout(DEFAULT_BOOT_TIMEOUT_MS);
  try {
    return await work(AbortSignal.any([caller, deadline]));
  } catch (cause) {
    if (caller.aborted || !deadline.aborted) throw cause;
    const limit = formatDuration(DEFAULT_BOOT_TIMEOUT_MS);
    throw new GoldsmithError('GuestUnreachable', `Nobody could log in within ${limit} of the start`, {
      cause,
      hint: 'Look at its serial console with --console. A disk file that is not made for Azure may need --provisioning nocloud.',
    });
  }
}
