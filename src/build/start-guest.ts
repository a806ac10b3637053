/**
 * A machine and what belongs to it: what it finds at first boot, its network, the machine itself. They are made
 * in this order and given back in reverse; losing any of them ends every operation at once.
 */
import { appendFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import type { GuestShell } from '../guest/guest-shell.ts';
import { startProvisioning } from '../guest/provisioning/start-provisioning.ts';
import { connectSsh } from '../guest/ssh/connect.ts';
import { generateSshKeyPair, type SshKeyPair } from '../guest/ssh/key-pair.ts';
import type { BuildUser } from '../host/build-user.ts';
import { GoldsmithError } from '../model/errors.ts';
import { formatDuration } from '../model/sizes.ts';
import type { Hypervisor, RunningVm, VmDisk, VmKernel } from '../vm/hypervisor.ts';
import { createUserNetwork, type UserNetwork } from '../vm/network/user-network.ts';
import { machineEndError } from '../vm/qemu/qemu-machine.ts';
import { machineSpec, type MachineDescription } from './machine-description.ts';
import { Watch } from './watch.ts';

interface GuestOptions {
  readonly machine: MachineDescription;
  readonly disk: VmDisk;
  /** Started instead of what the firmware would find on the disk. */
  readonly kernel?: VmKernel | undefined;
  readonly hypervisor: Hypervisor;
  readonly user: BuildUser;
  /** Private folder for the machine's small files; must exist and belong to the build user. */
  readonly workDir: string;
}

export interface StartGuestOptions extends GuestOptions {
  /** Azure region, as the guest is told. */
  readonly location: string;
  /** The root file system grows into the whole disk. Default true. */
  readonly growDisk?: boolean;
  /** The guest reaches its provisioning services and nothing else. */
  readonly isolated?: boolean;
  /** What the serial console showed is added to this file when the machine goes. */
  readonly consoleLog?: string;
  /** Told how far the boot is. */
  readonly onProgress?: (line: string) => void;
}

export interface WakeGuestOptions extends GuestOptions {
  readonly key: SshKeyPair;
  readonly discs: readonly string[];
  /** What `RunningVm.saveState` wrote. */
  readonly statePath: string;
}

export interface LoginOptions {
  /** Milliseconds from now. */
  readonly timeoutMs: number;
  /** Advice for somebody whose machine did not let us in within that time. */
  readonly hint: string;
}

export interface StartedGuest extends AsyncDisposable {
  readonly machine: MachineDescription;
  readonly key: SshKeyPair;
  /** Discs in its drives; waking it from a saved state needs the same. */
  readonly discs: readonly string[];
  /** What it was started from, when not from its disk; waking it needs the same. */
  readonly kernel: VmKernel | undefined;
  readonly vm: RunningVm;
  /** Breaks when the machine, its network or its provisioning does. */
  readonly watch: Watch;
  /**
   * Waits for the guest's SSH server and logs in.
   * @throws GoldsmithError `GuestUnreachable` when the time is over, `VmDied`, `GuestPanicked`, `Cancelled`; but
   *   for the last with the last lines of the console.
   */
  logIn(options: LoginOptions, signal: AbortSignal): Promise<GuestShell>;
  /** Opens a TCP connection to a port of the guest; see `GuestNetwork.dial`. */
  dial(port: number, signal: AbortSignal): Promise<Duplex>;
}

/**
 * Starts a machine with a new identity and a new key. Resolves when its virtual CPUs run.
 * @throws GoldsmithError `VmStartFailed`, `HostNotReady`, `CommandFailed`, or the signal's reason.
 */
export async function startGuest(options: StartGuestOptions, signal: AbortSignal): Promise<StartedGuest> {
  await using owned = new AsyncDisposableStack();
  const {
    machine,
    disk,
    kernel,
    location,
    user,
    workDir,
    isolated = false,
    consoleLog,
    onProgress,
  } = options;
  const { growDisk = true } = options;
  const key = generateSshKeyPair();
  const identity = { ...machine, vmName: machine.name, sshPublicKey: key.publicKey, location };
  const provisioning = owned.use(
    await startProvisioning(machine.provisioning, { identity, user, workDir, growDisk, signal }),
  );
  const { discs, services } = provisioning;
  const { macAddress, hostName } = machine;
  const network = owned.use(
    await createUserNetwork({ macAddress, hostName, services, user, isolated }, signal),
  );
  const spec = machineSpec(machine, { disk, discs, network, workDir, kernel });
  const vm = owned.use(await options.hypervisor.start(spec, signal));
  if (consoleLog !== undefined) {
    owned.defer(() => appendFileSync(consoleLog, `== ${vm.name} ==\n${vm.console.text}\n`));
  }
  const guest = new Guest({ machine, key, discs, kernel, vm, network, onProgress }, owned.move());
  void provisioning.failed.then((error) => guest.watch.lose(error));
  void provisioning.ready.then((agent) => onProgress?.(`${agent} reports the machine ready`));
  void network.addressTaken.then(() =>
    onProgress?.(`The guest has taken its address ${network.guestAddress}`),
  );
  return guest;
}

/**
 * Starts a machine from its saved state. It was provisioned in its first life and meets only a network now.
 * @throws GoldsmithError `VmStartFailed`, `HostNotReady`, or the signal's reason.
 */
export async function wakeGuest(options: WakeGuestOptions, signal: AbortSignal): Promise<StartedGuest> {
  await using owned = new AsyncDisposableStack();
  const { machine, key, disk, kernel, discs, user, workDir } = options;
  const { macAddress, hostName } = machine;
  const network = owned.use(await createUserNetwork({ macAddress, hostName, services: [], user }, signal));
  const spec = machineSpec(machine, { disk, discs, network, workDir, kernel });
  const vm = owned.use(await options.hypervisor.restore(spec, options.statePath, signal));
  return new Guest({ machine, key, discs, kernel, vm, network, onProgress: undefined }, owned.move());
}

interface GuestParts {
  readonly machine: MachineDescription;
  readonly key: SshKeyPair;
  readonly discs: readonly string[];
  readonly kernel: VmKernel | undefined;
  readonly vm: RunningVm;
  readonly network: UserNetwork;
  readonly onProgress: ((line: string) => void) | undefined;
}

class Guest implements StartedGuest {
  readonly machine: MachineDescription;
  readonly key: SshKeyPair;
  readonly discs: readonly string[];
  readonly kernel: VmKernel | undefined;
  readonly vm: RunningVm;
  readonly watch = new Watch();
  readonly #parts: GuestParts;
  readonly #owned: AsyncDisposableStack;

  constructor(parts: GuestParts, owned: AsyncDisposableStack) {
    this.machine = parts.machine;
    this.key = parts.key;
    this.discs = parts.discs;
    this.kernel = parts.kernel;
    this.vm = parts.vm;
    this.#parts = parts;
    this.#owned = owned;
    void parts.vm.ended.then((end) => this.watch.lose(machineEndError(end)));
    void parts.network.failed.then((error) => this.watch.lose(error));
  }

  async logIn(options: LoginOptions, signal: AbortSignal): Promise<GuestShell> {
    const deadline = AbortSignal.timeout(options.timeoutMs);
    try {
      return await this.watch.guard(AbortSignal.any([signal, deadline]), async (either) =>
        this.#open(either),
      );
    } catch (error) {
      if (signal.aborted || !deadline.aborted) throw withConsole(error, this.vm);
      const limit = formatDuration(options.timeoutMs);
      throw withConsole(
        new GoldsmithError('GuestUnreachable', `Nobody could log in to the machine within ${limit}`, {
          cause: error,
          hint: options.hint,
        }),
        this.vm,
      );
    }
  }

  async dial(port: number, signal: AbortSignal): Promise<Duplex> {
    return this.watch.guard(signal, async (either) => this.#parts.network.dial(port, either));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }

  async #open(signal: AbortSignal): Promise<GuestShell> {
    const { network, machine, key, onProgress } = this.#parts;
    const stream = await network.waitForPort(22, signal);
    onProgress?.('The SSH server answers');
    return connectSsh({ stream, userName: machine.userName, privateKey: key.privateKey, signal });
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
