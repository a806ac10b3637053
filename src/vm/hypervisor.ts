/**
 * The port between the engine and whatever runs machines. Types are states: a `VmSpec` is a wish, a
 * `RunningVm` exists and must be disposed. Disposing kills; nothing survives the holder.
 */
import type { Duplex } from 'node:stream';
import type { DiskLayer } from '../disk/layers/chain.ts';
import type { Generation } from '../model/image-template.ts';
import type { MemoryFile } from './memory-file.ts';

export type Accelerator = 'kvm' | 'tcg';

export interface VmSpec {
  /** Short name for messages and process lists, for example `build-3f2a`. */
  readonly name: string;
  /** SMBIOS system UUID; cloud-init's instance id on Azure. Constant for one machine's life. */
  readonly vmId: string;
  readonly generation: Generation;
  readonly secureBoot: boolean;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Where the memory is kept; without it the memory is QEMU's own and goes with it. */
  readonly memory?: VmMemory;
  readonly accelerator: Accelerator;
  /** QEMU CPU model, for example `max` or `host`. */
  readonly cpuModel: string;
  readonly disk: VmDisk;
  /** Start this kernel at once; without it the firmware looks for a boot loader on the disk. */
  readonly kernel?: VmKernel;
  /** Read-only optical discs (ISO 9660 or UDF files), in drive order; the first is `/dev/sr0`. */
  readonly discs: readonly string[];
  /** Show the machine as an Azure VM: chassis asset tag and SMBIOS system strings. */
  readonly azureIdentity: boolean;
  /** Hide the emulator from CPUID too: systemd then sees Hyper-V, and walinuxagent starts only there. */
  readonly hyperV: boolean;
  readonly network: GuestNetwork | undefined;
  /** Private folder for firmware variables, sockets and logs; must exist. */
  readonly workDir: string;
}

export interface VmDisk {
  readonly path: string;
  readonly format: 'raw' | 'qcow2' | 'vpc' | 'vhdx' | 'vmdk';
  /** Throw every write away when the machine ends. */
  readonly ephemeral: boolean;
  /** Read where `path`, a qcow2 layer without a backing file of its own, has nothing; bottom first. */
  readonly below?: readonly DiskLayer[];
}

/** All layers of a disk, bottom first; undefined for a format that is not layered. */
export function layersOf({ path, format, below = [] }: VmDisk): readonly DiskLayer[] | undefined {
  return format === 'raw' || format === 'qcow2' ? [...below, { path, format }] : undefined;
}

/** A file as long as the memory. */
export type VmMemory =
  /** The guest writes into the file. */
  | { readonly mode: 'shared'; readonly file: MemoryFile }
  /** The file stays as it is; what the guest changes is this machine's own and goes with it. */
  | { readonly mode: 'private'; readonly path: string };

export interface CheckpointRequest {
  /** Takes the state of the devices. */
  readonly statePath: string;
  /** Takes the memory as it is at this moment: a sparse copy of the machine's memory file. */
  readonly memoryPath: string;
  /** An empty qcow2 layer that takes all writes from now on; the disk so far is never written to again. */
  readonly nextLayer: string;
}

/** A kernel handed to the machine from outside. Needed again, unchanged, to restore a saved state. */
export interface VmKernel {
  readonly path: string;
  readonly initrdPath: string;
  /** Kernel parameters: one line of printable ASCII, at most 2047 characters. */
  readonly commandLine: string;
}

export interface Hypervisor {
  /**
   * Starts a machine. Resolves when the virtual CPUs run.
   * @throws GoldsmithError `VmStartFailed`, `Cancelled`.
   */
  start(spec: VmSpec, signal: AbortSignal): Promise<RunningVm>;
  /**
   * Starts a machine from a state that `saveState` or `checkpoint` wrote; `spec` must describe the same machine, and
   * its memory be what the state's machine had then.
   * @throws GoldsmithError `VmStartFailed`, `Cancelled`.
   */
  restore(spec: VmSpec, statePath: string, signal: AbortSignal): Promise<RunningVm>;
}

export interface RunningVm extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** The disk it really writes to now: for an ephemeral one, the overlay; after a checkpoint, the newest layer. */
  readonly disk: VmDisk;
  /** The serial console (ttyS0). */
  readonly console: GuestConsole;
  /** Settles exactly once, when the machine is gone or can never run again. Never rejects. */
  readonly ended: Promise<VmEnd>;
  /**
   * Waits until the guest has powered itself off.
   * @throws GoldsmithError `VmDied`, `GuestPanicked`, `Cancelled`, or `GuestUnreachable` after `timeoutMs`.
   */
  waitForPowerOff(timeoutMs: number, signal: AbortSignal): Promise<void>;
  /** A serial line (ttyS1) of the host's own, for what is said before there is a network. */
  readonly control: Duplex;
  /**
   * Freezes the machine into a file (devices, and memory that is not in a file already; the disk stays where it is)
   * and ends it.
   * @throws GoldsmithError `CommandFailed`, `Cancelled`.
   */
  saveState(path: string, signal: AbortSignal): Promise<void>;
  /**
   * Holds the machine for a moment, keeps its state beside it, and lets it go on upon a new disk layer. Only for a
   * machine with shared memory. When it fails the machine goes on, but has no more checkpoints.
   * @returns the disk as it was at that moment.
   * @throws GoldsmithError `CommandFailed`, `Cancelled`.
   */
  checkpoint(request: CheckpointRequest, signal: AbortSignal): Promise<VmDisk>;
  /** Ends the machine at once, like pulling the plug. */
  kill(): Promise<void>;
}

export interface VmEnd {
  readonly reason: 'power-off' | 'panic' | 'hypervisor-failed' | 'killed';
  /** For people: what was seen, for example the panic line or QEMU's last words. */
  readonly detail: string;
}

export interface GuestConsole {
  /** Text so far, without terminal escapes, at most the last 256 KiB. */
  readonly text: string;
  /** Calls `listener` for each complete line from now on; returns the way to stop. */
  onLine(listener: (line: string) => void): () => void;
  /** Types bytes into the console. */
  write(data: string): void;
  /** The raw duplex byte stream, for an interactive console. */
  readonly stream: Duplex;
}

/** One machine's private network segment, made before the machine and gone after it. */
export interface GuestNetwork extends AsyncDisposable {
  /** Lower-case, colons. */
  readonly macAddress: string;
  /** IPv4 address that DHCP gives the guest. */
  readonly guestAddress: string;
  /** Connects the machine's network card: a stream of Ethernet frames, each behind a 4-byte big-endian length. */
  attach(link: Duplex): void;
  /** Resolves when the guest has taken its address (it acknowledged the DHCP offer). */
  readonly addressTaken: Promise<void>;
  /**
   * Opens a TCP connection to a port of the guest.
   * @throws GoldsmithError `GuestUnreachable` at once when the guest refuses, or when `signal` fires `Cancelled`.
   */
  dial(port: number, signal: AbortSignal): Promise<Duplex>;
}
