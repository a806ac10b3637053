/** A machine that is none: it has a name, a disk and a console, and ends when it is told to. */
import { copyFile, open, readFile, rm, writeFile } from 'node:fs/promises';
import { PassThrough, type Duplex } from 'node:stream';
import { runCommand } from '../../host/command.ts';
import { GoldsmithError } from '../../model/errors.ts';
import { MIB } from '../../model/sizes.ts';
import type {
  CheckpointRequest,
  GuestConsole,
  Hypervisor,
  RunningVm,
  VmDisk,
  VmEnd,
  VmSpec,
} from '../hypervisor.ts';

/** A hypervisor that runs nothing. */
export function createFakeHypervisor(): Hypervisor {
  return {
    start: async (spec, signal) => {
      signal.throwIfAborted();
      return new FakeMachine(spec);
    },
    restore: async (spec, statePath, signal) => {
      signal.throwIfAborted();
      return new FakeMachine(spec, await readFile(statePath, 'utf8'));
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
  readonly console: GuestConsole;
  readonly control: Duplex = new PassThrough().resume();
  readonly ended: Promise<VmEnd>;
  readonly #settle: (end: VmEnd) => void;
  readonly #print: (line: string) => void;
  #trace: string;
  #disk: VmDisk;

  /** @param trace what was done to the machine in an earlier life. */
  constructor(spec: Pick<VmSpec, 'name' | 'disk'>, trace = '') {
    this.name = spec.name;
    this.#disk = spec.disk;
    this.#trace = trace;
    const { promise, resolve } = Promise.withResolvers<VmEnd>();
    this.ended = promise;
    this.#settle = resolve;
    const { console, print } = fakeConsole();
    this.console = console;
    this.#print = print;
  }

  get disk(): VmDisk {
    return this.#disk;
  }

  /** Shows a line on the console and remembers it for the disk. */
  note(line: string): void {
    this.#print(line);
    if (this.#trace.length < TRACE_LIMIT_BYTES / 4) this.#trace += `${line}\n`;
  }

  /** What the guest does as its last act: everything it was told goes to the disk, then the machine is off. */
  async powerOff(): Promise<void> {
    if (!this.#disk.ephemeral) await writeTrace(this.#disk, this.#trace);
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

  async saveState(path: string): Promise<void> {
    await writeFile(path, this.#trace, { flag: 'wx', mode: 0o600 });
    await this.kill();
  }

  async checkpoint(request: CheckpointRequest): Promise<VmDisk> {
    const before = this.#disk;
    const { path, format } = before;
    if (format !== 'raw' && format !== 'qcow2') {
      throw new GoldsmithError('Internal', `A ${format} disk has no layers`);
    }
    await writeFile(request.statePath, this.#trace, { flag: 'wx', mode: 0o600 });
    await copyFile(request.statePath, request.memoryPath);
    this.#disk = {
      ...{ path: request.nextLayer, format: 'qcow2', ephemeral: false },
      below: [...(before.below ?? []), { path, format }],
    };
    return before;
  }

  async kill(): Promise<void> {
    this.#settle({ reason: 'killed', detail: 'The machine was stopped' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

async function writeTrace({ path, format }: VmDisk, trace: string): Promise<void> {
  const bytes = Buffer.alloc(TRACE_LIMIT_BYTES);
  bytes.write(trace);
  if (format === 'raw') {
    await using file = await open(path, 'r+');
    await file.write(bytes, 0, bytes.length, TRACE_OFFSET_BYTES);
    return;
  }
  const source = `${path}.trace`;
  await writeFile(source, bytes);
  try {
    const write = `write -s ${source} ${TRACE_OFFSET_BYTES} ${TRACE_LIMIT_BYTES}`;
    await runCommand(['qemu-io', '-f', format, '-c', write, path]);
  } finally {
    await rm(source, { force: true });
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
