/** One running QEMU process: its end in every form it can take, and orderly ways to get there. */
import type { ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import type { BuildUser } from '../../host/build-user.ts';
import { endProcess } from '../../host/command.ts';
import { GoldsmithError } from '../../model/errors.ts';
import { copyMemory } from '../memory-file.ts';
import type {
  CheckpointRequest,
  GuestConsole,
  RunningVm,
  VmDisk,
  VmEnd,
  VmMemory,
  VmSpec,
} from '../hypervisor.ts';
import { overlayNode, topNode } from './disk-node.ts';
import { saveMachineState } from './machine-state.ts';
import { PanicListener } from './panic-listener.ts';
import type { QmpClient, QmpEvent } from './qmp.ts';
import { SerialConsole } from './serial-console.ts';

interface QemuMachineParts {
  readonly user: BuildUser;
  readonly spec: VmSpec;
  readonly child: ChildProcess;
  readonly monitor: QmpClient;
  readonly console: Duplex;
  readonly control: Duplex;
  /** The last lines QEMU wrote about itself. */
  readonly lastWords: () => string;
}

export class QemuMachine implements RunningVm {
  readonly name: string;
  readonly pid: number;
  readonly console: GuestConsole;
  readonly control: Duplex;
  readonly ended: Promise<VmEnd>;
  readonly #child: ChildProcess;
  readonly #monitor: QmpClient;
  readonly #user: BuildUser;
  readonly #memory: VmMemory | undefined;
  readonly #panic: PanicListener;
  #isPanicking = false;
  #disk: VmDisk;
  #checkpoints = 0;
  #settle: (end: VmEnd) => void = () => undefined;
  #poweredOff = false;
  #killing = false;

  constructor(parts: QemuMachineParts) {
    this.name = parts.spec.name;
    this.pid = parts.child.pid ?? -1;
    this.#disk = parts.spec.disk;
    this.#memory = parts.spec.memory;
    this.control = parts.control;
    this.#child = parts.child;
    this.#monitor = parts.monitor;
    this.#user = parts.user;
    this.console = new SerialConsole(parts.console);
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#panic = new PanicListener(this.console);
    void this.#panic.begun.then(() => this.#panicked());
    parts.monitor.onEvent((event) => this.#onEvent(event));
    parts.child.once('exit', (code, signalName) => {
      if (this.#isPanicking) return; // what it says is still being read
      if (this.#poweredOff) this.#settle({ reason: 'power-off', detail: 'The guest powered itself off' });
      else if (this.#killing) this.#settle({ reason: 'killed', detail: 'The machine was stopped' });
      else {
        const how = signalName === null ? `exit code ${code}` : signalName;
        this.#settle({ reason: 'hypervisor-failed', detail: `QEMU ended (${how}): ${parts.lastWords()}` });
      }
    });
  }

  async waitForPowerOff(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const deadline = AbortSignal.timeout(timeoutMs);
    const end = await Promise.race([this.ended, aborted(AbortSignal.any([deadline, signal]))]);
    if (end === undefined) {
      if (signal.aborted) throw new GoldsmithError('Cancelled', 'Cancelled while the machine shut down');
      throw new GoldsmithError(
        'GuestUnreachable',
        `The guest did not power off within ${timeoutMs / 1000} seconds`,
      );
    }
    if (end.reason !== 'power-off') throw machineEndError(end);
  }

  get disk(): VmDisk {
    return this.#disk;
  }

  async saveState(path: string, signal: AbortSignal): Promise<void> {
    await this.#monitor.execute('stop');
    await saveMachineState(this.#monitor, path, this.#user, signal);
    await this.kill();
  }

  async checkpoint(request: CheckpointRequest, signal: AbortSignal): Promise<VmDisk> {
    if (this.#memory?.mode !== 'shared') {
      throw new GoldsmithError('Internal', 'A machine without shared memory has no checkpoints');
    }
    const before = this.#disk;
    await this.#monitor.execute('stop');
    try {
      await this.#writeOn(request.nextLayer);
      await saveMachineState(this.#monitor, request.statePath, this.#user, signal);
      await copyMemory(this.#memory.file, request.memoryPath, signal);
      return before;
    } finally {
      await this.#monitor.execute('cont');
    }
  }

  async kill(): Promise<void> {
    this.#killing = true;
    await endProcess(this.#child, 0);
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  /** Puts an empty layer on top of the disk. */
  async #writeOn(path: string): Promise<void> {
    const { path: below, format } = this.#disk;
    if (format !== 'raw' && format !== 'qcow2') {
      throw new GoldsmithError('Internal', `A ${format} disk has no layers`);
    }
    const overlay = topNode(this.#checkpoints + 1);
    await this.#monitor.execute('blockdev-add', overlayNode(path, overlay));
    await this.#monitor.execute('blockdev-snapshot', { node: topNode(this.#checkpoints), overlay });
    this.#checkpoints += 1;
    this.#disk = {
      ...{ path, format: 'qcow2', ephemeral: false },
      below: [...(this.#disk.below ?? []), { path: below, format }],
    };
  }

  #onEvent(event: QmpEvent): void {
    if (event.name === 'SHUTDOWN' && event.data['guest'] === true) this.#poweredOff = true;
    if (event.name === 'GUEST_PANICKED') void this.#panicked();
    if (event.name === 'STOP') void this.#checkStopped();
  }

  async #panicked(): Promise<void> {
    this.#isPanicking = true;
    const line = await this.#panic.report();
    this.#settle({ reason: 'panic', detail: line ?? 'it says so, and nothing about it on its console' });
  }

  /** An accelerator that cannot go on stops the machine and leaves QEMU running: nobody else would notice. */
  async #checkStopped(): Promise<void> {
    try {
      const status = await this.#monitor.execute('query-status');
      if (isInternalError(status)) {
        this.#settle({
          reason: 'hypervisor-failed',
          detail: 'The accelerator cannot run this guest (internal error)',
        });
      }
    } catch {
      // QEMU is gone; its exit is reported on its own
    }
  }
}

/** The error that a machine's unwanted end means for a build. */
export function machineEndError(end: VmEnd): GoldsmithError {
  if (end.reason === 'panic')
    return new GoldsmithError('GuestPanicked', `The guest kernel panicked: ${end.detail}`);
  if (end.reason === 'power-off')
    return new GoldsmithError('VmDied', 'The build VM powered itself off in the middle of the build');
  return new GoldsmithError('VmDied', `The build VM is gone: ${end.detail}`);
}

function isInternalError(status: unknown): boolean {
  return (
    typeof status === 'object' && status !== null && 'status' in status && status.status === 'internal-error'
  );
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return undefined;
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
