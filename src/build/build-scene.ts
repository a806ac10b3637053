/** What the parts of a build have in common. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { OutputBudget } from '../guest/output/guest-log.ts';
import type { Artifacts } from '../guest/artifacts/fetch-artifacts.ts';
import { giveToBuildUser, type BuildUser } from '../host/build-user.ts';
import type { ResolvedSource } from '../images/resolve-source.ts';
import { isGoldsmithError } from '../model/errors.ts';
import type { Hypervisor, VmDisk } from '../vm/hypervisor.ts';
import type { FittedVm } from '../vm/vm-sizes.ts';
import type { BuildHost, BuildOptions } from './build-options.ts';
import type { GuestSession } from './guest-session.ts';
import { keepMachine } from './kept-machine.ts';
import { describeMachine } from './machine-description.ts';
import type { RunFolder } from './run-folder.ts';
import type { RunLog } from './run-log.ts';
import type { RunRecorder } from './run-recorder.ts';
import type { StepRunner } from './step.ts';
import type { BootInput } from './steps/boot-vm.ts';

export interface BuildScene {
  readonly runId: string;
  readonly options: BuildOptions;
  readonly host: BuildHost;
  readonly hypervisor: Hypervisor;
  readonly folder: RunFolder;
  readonly log: RunLog;
  readonly recorder: RunRecorder;
  readonly runner: StepRunner;
  readonly signal: AbortSignal;
}

/** What is known before a machine is started. */
export interface Prepared {
  readonly source: ResolvedSource;
  readonly artifacts: Artifacts;
  readonly vm: FittedVm;
  readonly budget: OutputBudget;
}

export function bootInput(scene: BuildScene, prepared: Prepared, role: string, disk: VmDisk): BootInput {
  const { options, host, folder, hypervisor, runId } = scene;
  const { facts } = prepared.source;
  const { vmSize, cpus, memoryBytes } = prepared.vm;
  return {
    machine: describeMachine(machineName(role, runId), {
      ...{ vmSize, cpus, memoryBytes },
      generation: facts.generation,
      accelerator: host.accelerator,
      cpuModel: host.cpuModel,
      provisioning: facts.provisioning,
    }),
    disk,
    location: options.template.location,
    hypervisor,
    user: host.user,
    workDir: machineFolder(folder, role, host.user),
    bootTimeoutMs: options.bootTimeoutMs,
    consoleLog: folder.consoleLog,
    ...(host.openSession === undefined ? {} : { openSession: host.openSession }),
  };
}

/** For people, who see it in messages and process lists. */
export function machineName(role: string, runId: string): string {
  return `${role}-${runId.slice(0, 8)}`;
}

/** Every machine of a run has a folder of its own; they are all under the work folder. */
export function machineFolder(folder: RunFolder, role: string, user: BuildUser): string {
  const path = join(folder.work, role);
  mkdirSync(path, { mode: 0o750 });
  giveToBuildUser(user, path);
  return path;
}

/** Freezes the machine when the template or the user wants to look at it; a machine that is gone cannot be kept. */
export async function keepIf(
  wanted: boolean,
  scene: BuildScene,
  session: GuestSession,
  error: unknown,
): Promise<void> {
  if (!(wanted || scene.options.keepOnError) || scene.signal.aborted) return;
  if (!isGoldsmithError(error, 'CustomizerFailed', 'ValidationFailed', 'GeneralizeFailed')) return;
  try {
    await keepMachine(session, { folder: scene.folder, user: scene.host.user }, scene.signal);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    scene.recorder.warning(`The machine could not be kept: ${reason}`);
  }
}
