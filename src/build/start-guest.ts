/**
 * A machine and what belongs to it: what it finds at first boot, its network, the machine itself. They are made
 * in this order and given back in reverse; losing any of them ends every operation at once.
 */
import { appendFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import type { GuestShell } from '../guest/guest-shell.ts';
import { resumeProvisioning, startProvisioning } from '../guest/provisioning/start-provisioning.ts';
import { connectSsh, type SshConnectOptions } from '../guest/ssh/connect.ts';
import type { ProvisioningIdentity } from '../guest/provisioning/identity.ts';
import { generateSshKeyPair, type SshKeyPair } from '../guest/ssh/key-pair.ts';
import type { BuildUser } from '../host/build-user.ts';
import { GoldsmithError } from '../model/errors.ts';
import { formatDuration } from '../model/sizes.ts';
import type { Hypervisor, RunningVm, VmDisk, VmKernel, VmMemory } from '../vm/hypervisor.ts';
import { createUserNetwork, type UserNetwork, type UserNetworkOptions } from '../vm/network/user-network.ts';
import { machineEndError } from '../vm/qemu/qemu-machine.ts';
import { machineSpec, type MachineDescription } from './machine-description.ts';
import { Watch } from './watch.ts';

interface GuestOptions {
  readonly machine: MachineDescription;
  readonly disk: VmDisk;
  /** Started instead of what the firmware would find on the disk. */
  readonly kernel?: VmKernel | undefined;
  /** Belongs to the machine from now on: it goes with it, and at once when the machine cannot be started. */
  readonly memory?: VmMemory | undefined;
  /** Azure region, as the guest is told. */
  readonly location: string;
  readonly hypervisor: Hypervisor;
  readonly user: BuildUser;
  /** Private folder for the machine's small files; must exist and belong to the build user. */
  readonly workDir: string;
  /** What the serial console showed is added to this file when the machine goes. */
  readonly consoleLog?: string;
  /** Told how far the boot is. */
  readonly onProgress?: (line: string) => void;
}

export interface StartGuestOptions extends GuestOptions {
  /** The root file system grows into the whole disk. Default true. */
  readonly growDisk?: boolean;
  /** The guest reaches its provisioning services and nothing else. */
  readonly isolated?: boolean;
}

export interface WakeGuestOptions extends GuestOptions {
  readonly key: SshKeyPair;
  readonly discs: readonly string[];
  /** What `RunningVm.saveState` or `checkpoint` wrote. */
  readonly statePath: string;
  /** When its disk is there and its memory filled, if that is still going on; the machine is started then. */
  readonly filesReady?: Promise<unknown>;
}

export interface LoginOptions {
  /** Milliseconds from now. */
  readonly timeoutMs: number;
  /** Advice for somebody whose machine did not let us in within that time. */
  readonly hint: string;
  /** Decides about the guest's host key. Default: a new machine's first key is trusted. */
  readonly hostKey?: SshConnectOptions['hostKey'];
}

export interface StartedGuest extends AsyncDisposable {
  readonly machine: MachineDescription;
  /** Azure region, as the guest was told. */
  readonly location: string;
  readonly key: SshKeyPair;
  /** Discs in its drives; waking it from a saved state needs the same. */
  readonly discs: readonly string[];
  /** What it was started from, when not from its disk; waking it needs the same. */
  readonly kernel: VmKernel | undefined;
  /** Where its memory is, when that is in a file. */
  readonly memory: VmMemory | undefined;
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
  if (options.memory?.mode === 'shared') owned.use(options.memory.file);
  const { machine, user, workDir, isolated = false, growDisk = true, onProgress } = options;
  const key = generateSshKeyPair();
  const identity = identityOf(options, key);
  const provisioning = owned.use(
    await startProvisioning(machine.provisioning, { identity, user, workDir, growDisk, signal }),
  );
  const { discs, services } = provisioning;
  const network = owned.use(
    await createUserNetwork({ ...networkOf(machine), services, user, isolated }, signal),
  );
  const spec = machineSpec(machine, { ...options, discs, network });
  const vm = owned.use(await options.hypervisor.start(spec, signal));
  keepConsole(owned, vm, options);
  const guest = new Guest({ ...options, key, discs, vm, network }, owned.move());
  void provisioning.failed.then((error) => guest.watch.lose(error));
  void provisioning.ready.then((agent) => onProgress?.(`${agent} reports the machine ready`));
  void network.addressTaken.then(() =>
    onProgress?.(`The guest has taken its address ${network.guestAddress}`),
  );
  return guest;
}

/**
 * Starts a machine from its saved state. It was provisioned in its first life; it meets the platform's services again,
 * and a network on which it is expected under the address of `options.machine`.
 * @throws GoldsmithError `VmStartFailed`, `HostNotReady`, or the signal's reason.
 */
export async function wakeGuest(options: WakeGuestOptions, signal: AbortSignal): Promise<StartedGuest> {
  await using owned = new AsyncDisposableStack();
  if (options.memory?.mode === 'shared') owned.use(options.memory.file);
  const { machine, key, discs, user, statePath } = options;
  const { services } = owned.use(await resumeProvisioning(machine.provisioning, identityOf(options, key)));
  const network = owned.use(await createUserNetwork({ ...networkOf(machine), services, user }, signal));
  const spec = machineSpec(machine, { ...options, discs, network });
  await options.filesReady;
  const vm = owned.use(await options.hypervisor.restore(spec, statePath, signal));
  keepConsole(owned, vm, options);
  return new Guest({ ...options, vm, network }, owned.move());
}

/** The machine as its platform knows it. */
function identityOf({ machine, location }: GuestOptions, key: SshKeyPair): ProvisioningIdentity {
  return { ...machine, vmName: machine.name, sshPublicKey: key.publicKey, location };
}

function networkOf({
  macAddress,
  address,
}: MachineDescription): Pick<UserNetworkOptions, 'macAddress' | 'guestAddress'> {
  return { macAddress, guestAddress: address };
}

function keepConsole(owned: AsyncDisposableStack, vm: RunningVm, { consoleLog }: GuestOptions): void {
  if (consoleLog === undefined) return;
  owned.defer(() => appendFileSync(consoleLog, `== ${vm.name} ==\n${vm.console.text}\n`));
}

interface GuestParts {
  readonly machine: MachineDescription;
  readonly location: string;
  readonly key: SshKeyPair;
  readonly discs: readonly string[];
  readonly kernel?: VmKernel | undefined;
  readonly memory?: VmMemory | undefined;
  readonly vm: RunningVm;
  readonly network: UserNetwork;
  readonly onProgress?: ((line: string) => void) | undefined;
}

class Guest implements StartedGuest {
  readonly machine: MachineDescription;
  readonly location: string;
  readonly key: SshKeyPair;
  readonly discs: readonly string[];
  readonly kernel: VmKernel | undefined;
  readonly memory: VmMemory | undefined;
  readonly vm: RunningVm;
  readonly watch = new Watch();
  readonly #parts: GuestParts;
  readonly #owned: AsyncDisposableStack;

  constructor(parts: GuestParts, owned: AsyncDisposableStack) {
    this.machine = parts.machine;
    this.key = parts.key;
    this.discs = parts.discs;
    this.kernel = parts.kernel;
    this.memory = parts.memory;
    this.location = parts.location;
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
        this.#open(options, either),
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

  async #open({ hostKey }: LoginOptions, signal: AbortSignal): Promise<GuestShell> {
    const { network, machine, key, onProgress } = this.#parts;
    const stream = await network.waitForPort(22, signal);
    onProgress?.('The SSH server answers');
    return connectSsh({
      ...{ stream, userName: machine.userName, privateKey: key.privateKey, signal },
      ...(hostKey === undefined ? {} : { hostKey }),
    });
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
