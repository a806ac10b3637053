/** A machine that is none: it has a name, a disk and a console, and ends when it is told to. */
import { open } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { GoldsmithError } from '../../model/errors.ts';
import { MIB } from '../../model/sizes.ts';
import type { GuestConsole, Hypervisor, RunningVm, VmDisk, VmEnd, VmSpec } from '../hypervisor.ts';

/** A hypervisor that runs nothing. */
export function createFakeHypervisor(): Hypervisor {
  return {
    start: async (spec, signal) => {
      signal.throwIfAborted();
      return new FakeMachine(spec);
    },
    restore: async () => {
      throw new GoldsmithError('VmStartFailed', 'A simulated machine has no state to be restored from');
    },
  };
}

/** Where on its disk a machine leaves what was done to it, so that two machines leave two images. */
const TRACE_OFFSET_BYTES = MIB;
const TRACE_LIMIT_BYTES = MIB;

export class FakeMachine implements RunningVm {
  readonly name: string;
  /** That of this process: there is no other. */
  readonly pid = process.pid;
  readonly disk: VmDisk;
  readonly console: GuestConsole;
  readonly ended: Promise<VmEnd>;
  readonly #settle: (end: VmEnd) => void;
  readonly #print: (line: string) => void;
  #trace = '';

  constructor(spec: Pick<VmSpec, 'name' | 'disk'>) {
    this.name = spec.name;
    this.disk = spec.disk;
    const { promise, resolve } = Promise.withResolvers<VmEnd>();
    this.ended = promise;
    this.#settle = resolve;
    const { console, print } = fakeConsole();
    this.console = console;
    this.#print = print;
  }

  /** Shows a line on the console and remembers it for the disk. */
  note(line: string): void {
    this.#print(line);
    if (this.#trace.length < TRACE_LIMIT_BYTES / 4) this.#trace += `${line}\n`;
  }

  /** What the guest does as its last act: everything it was told goes to the disk, then the machine is off. */
  async powerOff(): Promise<void> {
    if (!this.disk.ephemeral) {
      await using file = await open(this.disk.path, 'r+');
      await file.write(Buffer.from(this.#trace).subarray(0, TRACE_LIMIT_BYTES), 0, null, TRACE_OFFSET_BYTES);
    }
    this.#settle({ reason: 'power-off', detail: 'The simulated guest powered itself off' });
  }

  async waitForPowerOff(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const deadline = AbortSignal.timeout(timeoutMs);
    const either = AbortSignal.any([signal, deadline]);
    const stopped = Promise.withResolvers<undefined>();
    const stop = (): void => stopped.resolve(undefined);
    either.addEventListener('abort', stop, { once: true });
    if (either.aborted) stop();
    try {
      const end = await Promise.race([this.ended, stopped.promise]);
      if (end?.reason === 'power-off') return;
      if (end !== undefined) throw new GoldsmithError('VmDied', `The build VM is gone: ${end.detail}`);
      if (signal.aborted) throw new GoldsmithError('Cancelled', 'Cancelled while the machine shut down');
      throw new GoldsmithError(
        'GuestUnreachable',
        `The guest did not power off within ${timeoutMs / 1000} seconds`,
      );
    } finally {
      either.removeEventListener('abort', stop);
    }
  }

  async saveState(): Promise<void> {
    throw new GoldsmithError('CommandFailed', 'A simulated machine has no state that could be kept');
  }

  async kill(): Promise<void> {
    this.#settle({ reason: 'killed', detail: 'The machine was stopped' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** Most text that a console remembers, in characters. */
const CONSOLE_LIMIT = 256 * 1024;

function fakeConsole(): { console: GuestConsole; print: (line: string) => void } {
  const listeners = new Set<(line: string) => void>();
  let text = '';
  return {
    console: {
      get text() {
        return text;
      },
      onLine(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      write: () => undefined,
      stream: new PassThrough().resume(),
    },
    print(line) {
      text = `${text}${line}\n`.slice(-CONSOLE_LIMIT);
      for (const listener of listeners) listener(line);
    },
  };
}
