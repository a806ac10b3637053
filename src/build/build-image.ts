/** The order of a build, in one place: what happens between a checked template and published images. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkKindsForOs } from '../guest/customizers/check-kinds.ts';
import { OutputBudget } from '../guest/output/guest-log.ts';
import type { Artifacts } from '../guest/artifacts/fetch-artifacts.ts';
import { giveToBuildUser, type BuildUser } from '../host/build-user.ts';
import type { ResolvedSource } from '../images/resolve-source.ts';
import { GoldsmithError, isGoldsmithError } from '../model/errors.ts';
import type { ImageFacts } from '../model/image.ts';
import type { Hypervisor, VmDisk } from '../vm/hypervisor.ts';
import type { FittedVm } from '../vm/vm-sizes.ts';
import type { BuildHost, BuildOptions } from './build-options.ts';
import type { GuestSession } from './guest-session.ts';
import { keepMachine } from './kept-machine.ts';
import { describeMachine } from './machine-description.ts';
import { admitBuild, osDiskBytes, shapeMachine } from './machine-shape.ts';
import { summarize, type Outcome } from './outcome.ts';
import type { RunFolder } from './run-folder.ts';
import type { RunLog } from './run-log.ts';
import type { RunRecorder } from './run-recorder.ts';
import type { StepRunner } from './step.ts';
import { bootStep, type BootInput } from './steps/boot-vm.ts';
import { distributeStep } from './steps/distribute.ts';
import { fetchArtifactsStep } from './steps/fetch-artifacts.ts';
import { freezeDiskStep } from './steps/freeze-disk.ts';
import { generalizeStep } from './steps/generalize.ts';
import { prepareDiskStep } from './steps/prepare-disk.ts';
import { resolveSourceStep } from './steps/resolve-source.ts';
import { runPartStep } from './steps/run-part.ts';

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

interface Prepared {
  readonly source: ResolvedSource;
  readonly artifacts: Artifacts;
  readonly vm: FittedVm;
  readonly budget: OutputBudget;
}

/**
 * Runs the whole template.
 * @throws GoldsmithError for the first thing that stopped the run.
 */
export async function buildImage(scene: BuildScene): Promise<Outcome> {
  const { template } = scene.options;
  scene.recorder.subState('Building');
  const prepared = await prepare(scene);
  if (template.validate?.sourceValidationOnly === true) {
    const invalid = await validate(scene, prepared, prepared.source.facts);
    if (invalid !== undefined) throw invalid;
    return {
      state: 'Succeeded',
      message: 'The source image passed validation; nothing was built or distributed',
    };
  }
  const disk = await customize(scene, prepared);
  const invalid = await validate(scene, prepared, disk);
  if (invalid !== undefined && template.validate?.continueDistributeOnFailure !== true) throw invalid;
  scene.recorder.subState('Distributing');
  const results = await scene.runner.run(distributeStep, {
    disk,
    targets: template.distribute,
    copies: scene.options.copies,
    store: scene.host.store,
    outputFolder: scene.options.outputFolder,
    location: template.location,
    templateName: scene.options.templateName,
    runId: scene.runId,
    source: prepared.source.requested,
    sourceVersion: prepared.source.exactVersion,
    createdAtMs: scene.host.now(),
    onArtifact: (artifact) => scene.recorder.artifacts([artifact]),
  });
  return summarize(results, invalid);
}

/** Everything that can go wrong before a machine is started goes wrong here. */
async function prepare(scene: BuildScene): Promise<Prepared> {
  const { options, host, runner, recorder, folder } = scene;
  const { template } = options;
  const issues = checkKindsForOs(template, 'Linux');
  if (template.additionalDataDisks.length > 0) {
    throw new GoldsmithError('BadTemplate', 'additionalDataDisks is not supported: images have one disk');
  }
  const artifacts = await runner.run(fetchArtifactsStep, {
    template,
    templateFolder: options.templateFolder,
    workDir: folder.work,
    localCopies: options.localCopies,
  });
  const source = await runner.run(resolveSourceStep, { source: template.source, host });
  if (issues.length > 0) {
    throw new GoldsmithError('BadTemplate', issues.map((issue) => issue.message).join('; '), {
      details: issues.map(({ code, path, message }) => ({ code, target: path, message })),
    });
  }
  const { facts, requested, exactVersion } = source;
  recorder.source({
    requested,
    ...(exactVersion === undefined ? {} : { exactVersion }),
    ...{ digest: facts.digest, generation: facts.generation, osType: facts.osType },
  });
  const { vm, warning } = shapeMachine(template.vmProfile, facts, host.home.root);
  for (const text of [warning, vm.clamped, ...ignoredParts(scene)])
    if (text !== undefined) recorder.warning(text);
  admitBuild(vm, facts, osDiskBytes(template.vmProfile, facts), host.home.root);
  const { vmSize, cpus, memoryBytes } = vm;
  recorder.vm({ vmSize, cpus, memoryBytes, accelerator: host.accelerator });
  return { source, artifacts, vm, budget: new OutputBudget() };
}

/** What the template asks for and a build without the service does not do; said once, never silently. */
function ignoredParts({ options }: BuildScene): readonly string[] {
  const { optimize, vmProfile } = options.template;
  return [
    ...(optimize.vmBoot || optimize.workload?.enabled === true
      ? ['optimize has no effect here: the image is distributed as it was built']
      : []),
    ...(vmProfile.vnetConfig === undefined
      ? []
      : ['vnetConfig has no effect here: the build VM gets a network of its own']),
    ...(vmProfile.userAssignedIdentities.length === 0
      ? []
      : ['vmProfile.userAssignedIdentities has no effect here: the build VM gets no tokens']),
  ];
}

async function customize(scene: BuildScene, prepared: Prepared): Promise<ImageFacts> {
  const { options, host, runner, recorder, folder, log } = scene;
  const { customize: parts, vmProfile, errorHandling } = options.template;
  const { facts } = prepared.source;
  const sizeBytes = osDiskBytes(vmProfile, facts);
  const path = join(folder.work, 'os.raw');
  await runner.run(prepareDiskStep, { source: facts, sizeBytes, path, user: host.user });
  const session = await runner.run(bootStep('boot', 'Boot the build VM'), {
    ...bootInput(scene, prepared, 'build', { path, format: 'raw', ephemeral: false }),
    growDisk: sizeBytes > facts.virtualSizeBytes,
    directKernel: true,
  });
  recorder.subState('Customizing');
  try {
    for (const [index, part] of parts.entries()) {
      await runner.run(runPartStep(part, 'customizer', index, parts.length), { session, log, ...prepared });
    }
    log.finalizing();
    await runner.run(generalizeStep, session);
  } catch (error) {
    await keepIf(errorHandling.onCustomizerError === 'abort', scene, session, error);
    throw error;
  }
  await session[Symbol.asyncDispose]();
  return runner.run(freezeDiskStep, { path, sizeBytes, source: facts });
}

/** @returns why the image is not valid; undefined when it is, or when there is nothing to check. */
async function validate(
  scene: BuildScene,
  prepared: Prepared,
  disk: ImageFacts,
): Promise<GoldsmithError | undefined> {
  const { options, runner, recorder, folder, log, signal } = scene;
  const parts = options.template.validate?.inVMValidations ?? [];
  if (parts.length === 0) return undefined;
  recorder.subState('Validating');
  log.continueIn(folder.validationLog);
  let session: GuestSession | undefined;
  try {
    session = await runner.run(
      bootStep('validate-boot', 'Boot a fresh VM from the image'),
      bootInput(scene, prepared, 'validate', { path: disk.path, format: 'raw', ephemeral: true }),
    );
    for (const [index, part] of parts.entries()) {
      await runner.run(runPartStep(part, 'validator', index, parts.length), { session, log, ...prepared });
    }
    return undefined;
  } catch (error) {
    if (signal.aborted || !isGoldsmithError(error)) throw error;
    if (session !== undefined) {
      await keepIf(options.template.errorHandling.onValidationError === 'abort', scene, session, error);
    }
    return error;
  } finally {
    await session?.[Symbol.asyncDispose]();
  }
}

function bootInput(scene: BuildScene, prepared: Prepared, role: string, disk: VmDisk): BootInput {
  const { options, host, folder, hypervisor, runId } = scene;
  const { facts } = prepared.source;
  const { vmSize, cpus, memoryBytes } = prepared.vm;
  return {
    machine: describeMachine(`${role}-${runId.slice(0, 8)}`, {
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

/** Every machine of a run has a folder of its own; they are all under the work folder. */
function machineFolder(folder: RunFolder, role: string, user: BuildUser): string {
  const path = join(folder.work, role);
  mkdirSync(path, { mode: 0o750 });
  giveToBuildUser(user, path);
  return path;
}

/** Freezes the machine when the template or the user wants to look at it; a machine that is gone cannot be kept. */
async function keepIf(
  wanted: boolean,
  scene: BuildScene,
  session: GuestSession,
  error: unknown,
): Promise<void> {
  if (!(wanted || scene.options.keepOnError) || scene.signal.aborted) return;
  if (!isGoldsmithError(error, 'CustomizerFailed', 'ValidationFailed', 'GeneralizeFailed')) return;
  try {
    await keepMachine(session, scene.folder, scene.signal);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    scene.recorder.warning(`The machine could not be kept: ${reason}`);
  }
}
