/**
 * Machines run by QEMU. Every channel to it (monitor, console, network card) is an inherited socket pair,
 * so no socket files exist, and both sides notice the other's end at once.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { join } from 'node:path';
import { asBuildUser, giveToBuildUser, type BuildUser } from '../../host/build-user.ts';
import { endProcess, startProcess } from '../../host/command.ts';
import { GoldsmithError } from '../../model/errors.ts';
import type { Hypervisor, RunningVm, VmSpec } from '../hypervisor.ts';
import { createOverlay } from './overlay.ts';
import { copyVariableStore, findUefiFirmware } from './firmware.ts';
import { inheritedDescriptors, machineArguments, type Firmware } from './machine-arguments.ts';
import { loadMachineState } from './machine-state.ts';
import { QemuMachine } from './qemu-machine.ts';
import { QmpClient } from './qmp.ts';

export interface QemuHypervisorOptions {
  readonly user: BuildUser;
  /** Told the process id before anything else happens with it, so that it can be journaled. */
  readonly onProcess?: (pid: number, vmName: string) => void;
}

export function createQemuHypervisor(options: QemuHypervisorOptions): Hypervisor {
  return {
    start: (spec, signal) => startMachine(options, spec, undefined, signal),
    restore: (spec, statePath, signal) => startMachine(options, spec, statePath, signal),
  };
}

async function startMachine(
  options: QemuHypervisorOptions,
  spec: VmSpec,
  statePath: string | undefined,
  signal: AbortSignal,
): Promise<RunningVm> {
  signal.throwIfAborted();
  const prepared = spec.disk.ephemeral ? await createOverlay(spec, options.user, signal) : spec;
  const firmware = prepared.generation === 'V2' ? privateFirmware(prepared, options.user) : undefined;
  const errorLog = join(prepared.workDir, `qemu-${prepared.name}.log`);
  const child = spawnQemu(
    options,
    [...machineArguments(prepared, firmware), ...(statePath === undefined ? [] : ['-incoming', 'defer'])],
    prepared,
    errorLog,
  );
  try {
    const monitor = new QmpClient(channel(child, inheritedDescriptors.monitor));
    const machine = new QemuMachine({
      spec: prepared,
      user: options.user,
      child,
      monitor,
      console: channel(child, inheritedDescriptors.serial),
      control: channel(child, inheritedDescriptors.control),
      lastWords: () => tailOf(errorLog),
    });
    if (prepared.network !== undefined) prepared.network.attach(channel(child, inheritedDescriptors.network));
    await untilRunning(monitor, child, signal, () => tailOf(errorLog));
    if (statePath !== undefined) await loadMachineState(monitor, statePath, options.user, signal);
    return machine;
  } catch (error) {
    await endProcess(child, 0);
    throw error;
  }
}

function privateFirmware(spec: VmSpec, user: BuildUser): Firmware {
  const firmware = findUefiFirmware(spec.secureBoot);
  const variables = copyVariableStore(firmware, spec.workDir);
  giveToBuildUser(user, variables);
  return { code: firmware.code, variables };
}

function spawnQemu(
  options: QemuHypervisorOptions,
  argv: readonly string[],
  spec: VmSpec,
  errorLog: string,
): ChildProcess {
  const log = openSync(errorLog, 'w', 0o600);
  const memory = spec.memory?.mode === 'shared' ? spec.memory.file.fd : 'ignore';
  try {
    const child = startProcess(asBuildUser(options.user, argv), {
      stdio: ['ignore', log, log, 'pipe', 'pipe', 'pipe', 'pipe', memory],
      cwd: spec.workDir,
    });
    if (child.pid !== undefined) options.onProcess?.(child.pid, spec.name);
    return child;
  } finally {
    closeSync(log);
  }
}

async function untilRunning(
  monitor: QmpClient,
  child: ChildProcess,
  signal: AbortSignal,
  lastWords: () => string,
): Promise<void> {
  const settled = new AbortController();
  const either = AbortSignal.any([signal, settled.signal]);
  const died = once(child, 'exit', { signal: either }).then(
    () => {
      throw new GoldsmithError('VmStartFailed', `QEMU ended at once: ${lastWords()}`);
    },
    (cause: unknown) => {
      if (signal.aborted)
        throw new GoldsmithError('Cancelled', 'Starting the machine was cancelled', { cause });
    },
  );
  const failed = once(child, 'error', { signal: either }).then(
    ([cause]: unknown[]) => {
      throw new GoldsmithError('VmStartFailed', 'QEMU could not be started', { cause });
    },
    () => undefined,
  );
  try {
    await Promise.race([monitor.negotiate(), neverUnlessThrown(died), neverUnlessThrown(failed)]);
  } catch (error) {
    if (error instanceof GoldsmithError && error.code === 'VmDied') {
      throw new GoldsmithError('VmStartFailed', `QEMU ended at once: ${lastWords()}`, { cause: error });
    }
    throw error;
  } finally {
    settled.abort();
  }
}

async function neverUnlessThrown(promise: Promise<unknown>): Promise<never> {
  await promise;
  return new Promise(() => undefined);
}

function channel(child: ChildProcess, descriptor: number): Duplex {
  const stream = child.stdio[descriptor];
  if (!(stream instanceof Duplex)) {
    throw new GoldsmithError('VmStartFailed', 'QEMU could not be started', {
      hint: 'Run `./goldsmith doctor` to see what is missing.',
    });
  }
  stream.on('error', () => undefined); // ends are reported by the process and the monitor
  return stream;
}

function tailOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim().split('\n').slice(-5).join('\n').slice(-2000);
  } catch {
    return '';
  }
}
