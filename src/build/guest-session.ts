/**
 * A machine that answers: its network, what it finds at first boot, the machine, and one open shell in it.
 * They are made in this order and given back in reverse; losing any of them ends every operation at once.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import type { BuildUser } from '../host/build-user.ts';
import type { GuestShell } from '../guest/guest-shell.ts';
import { startProvisioning, type ProvisioningIdentity } from '../guest/provisioning/start-provisioning.ts';
import { connectSsh } from '../guest/ssh/connect.ts';
import { generateSshKeyPair, type SshKeyPair } from '../guest/ssh/key-pair.ts';
import { GoldsmithError } from '../model/errors.ts';
import type { Generation } from '../model/image-template.ts';
import type { Provisioning } from '../model/image.ts';
import { formatDuration } from '../model/sizes.ts';
import type { Accelerator, Hypervisor, RunningVm, VmDisk, VmSpec } from '../vm/hypervisor.ts';
import { createUserNetwork, type UserNetwork } from '../vm/network/user-network.ts';
import { machineEndError } from '../vm/qemu/qemu-machine.ts';
import { Watch } from './watch.ts';

/** Everything that makes a machine this machine; enough to describe it again for a restore. */
export interface MachineDescription {
  readonly name: string;
  readonly vmId: string;
  readonly macAddress: string;
  readonly hostName: string;
  readonly userName: string;
  readonly generation: Generation;
  readonly vmSize: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly accelerator: Accelerator;
  readonly cpuModel: string;
  readonly provisioning: Provisioning;
}

export interface GuestSessionOptions {
  readonly machine: MachineDescription;
  readonly disk: VmDisk;
  readonly location: string;
  readonly hypervisor: Hypervisor;
  readonly user: BuildUser;
  /** Private folder for the machine's small files; must exist and belong to the build user. */
  readonly workDir: string;
  readonly bootTimeoutMs: number;
  /** What the serial console showed is added to this file when the machine goes. */
  readonly consoleLog: string;
  /** Told what the boot is waiting for. */
  readonly onProgress: (line: string) => void;
}

export interface GuestSession extends AsyncDisposable {
  readonly machine: MachineDescription;
  readonly key: SshKeyPair;
  /** Discs in its drives; a restore needs the same. */
  readonly discs: readonly string[];
  readonly vm: RunningVm;
  readonly shell: GuestShell;
  /** Breaks when the machine, its network or its connection does. */
  readonly watch: Watch;
}

/** The build user inside the guest. Gone from every image that is generalized. */
export const GUEST_USER_NAME = 'goldsmith';

/** A new identity: nothing of it is shared with another machine. */
export function describeMachine(
  name: string,
  shape: Omit<MachineDescription, 'name' | 'vmId' | 'macAddress' | 'hostName' | 'userName'>,
): MachineDescription {
  return {
    name,
    vmId: randomUUID(),
    macAddress: randomMac(),
    hostName: `gs-${randomBytes(4).toString('hex')}`,
    userName: GUEST_USER_NAME,
    ...shape,
  };
}

/**
 * Boots a machine and logs in.
 * @throws GoldsmithError `VmStartFailed`, `VmDied`, `GuestPanicked`, `GuestUnreachable` (with the last lines
 *   of the console) when `bootTimeoutMs` is over, `HostNotReady`, or the signal's reason.
 */
export async function openGuestSession(
  options: GuestSessionOptions,
  signal: AbortSignal,
): Promise<GuestSession> {
  await using owned = new AsyncDisposableStack();
  const key = generateSshKeyPair();
  const watch = new Watch();
  const provisioning = owned.use(
    await startProvisioning(options.machine.provisioning, {
      identity: provisioningIdentity(options, key),
      user: options.user,
      workDir: options.workDir,
      signal,
    }),
  );
  const network = owned.use(
    await createUserNetwork(
      {
        macAddress: options.machine.macAddress,
        hostName: options.machine.hostName,
        services: provisioning.services,
        user: options.user,
      },
      signal,
    ),
  );
  const vm = owned.use(
    await options.hypervisor.start(
      machineSpec(options.machine, options.disk, provisioning.discs, network, options.workDir),
      signal,
    ),
  );
  owned.defer(() => appendFileSync(options.consoleLog, `== ${vm.name} ==\n${vm.console.text}\n`));
  void vm.ended.then((end) => watch.lose(machineEndError(end)));
  void network.failed.then((error) => watch.lose(error));
  void provisioning.failed.then((error) => watch.lose(error));
  void provisioning.ready.then((agent) => options.onProgress(`${agent} reports the machine ready`));
  void network.addressTaken.then(() =>
    options.onProgress(`The guest has taken its address ${network.guestAddress}`),
  );
  const shell = owned.use(await logIn(options, key, vm, network, watch, signal));
  void shell.closed.then(() =>
    watch.lose(new GoldsmithError('GuestUnreachable', 'The connection to the build VM was lost')),
  );
  const stack = owned.move();
  return {
    machine: options.machine,
    key,
    discs: provisioning.discs,
    vm,
    shell,
    watch,
    [Symbol.asyncDispose]: async () => stack.disposeAsync(),
  };
}

async function logIn(
  options: GuestSessionOptions,
  key: SshKeyPair,
  vm: RunningVm,
  network: UserNetwork,
  watch: Watch,
  signal: AbortSignal,
): Promise<GuestShell> {
  const deadline = AbortSignal.timeout(options.bootTimeoutMs);
  try {
    return await watch.guard(AbortSignal.any([signal, deadline]), async (either) => {
      await network.addressTaken;
      const stream = await network.waitForPort(22, either);
      options.onProgress('The SSH server answers');
      return connectSsh({
        stream,
        userName: options.machine.userName,
        privateKey: key.privateKey,
        signal: either,
      });
    });
  } catch (error) {
    if (signal.aborted || !deadline.aborted) throw withConsole(error, vm);
    throw withConsole(
      new GoldsmithError(
        'GuestUnreachable',
        `The build VM could not be reached within ${formatDuration(options.bootTimeoutMs)} of its start`,
        { cause: error, hint: 'See what the machine printed in the console log of the run.' },
      ),
      vm,
    );
  }
}

/** Adds what the machine said last: the first question about a machine that did not come up. */
function withConsole(error: unknown, vm: RunningVm): unknown {
  if (!(error instanceof GoldsmithError) || error.code === 'Cancelled') return error;
  const lines = vm.console.text.trim().split('\n').slice(-8);
  return new GoldsmithError(error.code, error.message, {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    details: [...error.details, { code: 'Console', target: vm.name, message: lines.join('\n') }],
  });
}

/** The machine as the hypervisor wants it. */
export function machineSpec(
  machine: MachineDescription,
  disk: VmDisk,
  discs: readonly string[],
  network: UserNetwork,
  workDir: string,
): VmSpec {
  const { name, vmId, generation, cpus, memoryBytes, accelerator, cpuModel } = machine;
  return {
    ...{ name, vmId, generation, cpus, memoryBytes, accelerator, cpuModel },
    secureBoot: false,
    disk,
    discs,
    azureIdentity: machine.provisioning === 'azure',
    network,
    workDir,
  };
}

function provisioningIdentity(options: GuestSessionOptions, key: SshKeyPair): ProvisioningIdentity {
  const { machine, location } = options;
  return {
    vmId: machine.vmId,
    vmName: machine.name,
    hostName: machine.hostName,
    userName: machine.userName,
    sshPublicKey: key.publicKey,
    macAddress: machine.macAddress,
    vmSize: machine.vmSize,
    location,
  };
}

/** A locally administered unicast address with QEMU's usual prefix. */
function randomMac(): string {
  const tail = [...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0'));
  return ['52', '54', '00', ...tail].join(':');
}
