/** The order of a build, in one place: what happens between a checked template and published images. */
import { checkKindsForOs } from '../guest/customizers/check-kinds.ts';
import { OutputBudget } from '../guest/output/guest-log.ts';
import { GoldsmithError, isGoldsmithError } from '../model/errors.ts';
import type { ImageFacts } from '../model/image.ts';
import { formatDuration } from '../model/sizes.ts';
import { buildDisk } from './build-disk.ts';
import { machineInputs } from './build-keys.ts';
import { bootInput, keepIf, type BuildScene, type Prepared } from './build-scene.ts';
import type { CheckpointRef } from './checkpoints/manifest.ts';
import { keepVerdict, passedAt } from './checkpoints/verdicts.ts';
import type { GuestSession } from './guest-session.ts';
import { admitBuild, osDiskBytes, shapeMachine } from './machine-shape.ts';
import { summarize, type Outcome } from './outcome.ts';
import { bootStep } from './steps/boot-vm.ts';
import { distributeStep } from './steps/distribute.ts';
import { fetchArtifactsStep } from './steps/fetch-artifacts.ts';
import { resolveSourceStep } from './steps/resolve-source.ts';
import { runPartStep } from './steps/run-part.ts';

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
  const { disk, kept, standing } = await buildDisk(scene, prepared);
  const invalid = await validateOnce(scene, prepared, disk, kept);
  if (invalid !== undefined && template.validate?.continueDistributeOnFailure !== true) throw invalid;
  scene.recorder.subState('Distributing');
  const results = await scene.runner.run(distributeStep, {
    ...{ disk, standing },
    targets: template.distribute,
    copies: scene.options.copies,
    published: scene.options.published ?? [],
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

/** Validates the image, unless it is known to pass: then nothing is booted. */
async function validateOnce(
  scene: BuildScene,
  prepared: Prepared,
  disk: ImageFacts,
  kept: CheckpointRef | undefined,
): Promise<GoldsmithError | undefined> {
  const { options, host, runner, signal } = scene;
  const validators = options.template.validate?.inVMValidations ?? [];
  const store = host.checkpoints;
  if (store === undefined || kept === undefined || validators.length === 0) {
    return validate(scene, prepared, disk);
  }
  const { artifacts, source } = prepared;
  const question = {
    store,
    image: kept,
    validators,
    artifacts,
    machine: machineInputs({ host, vm: prepared.vm }),
  };
  const atMs = await passedAt(question);
  if (atMs !== undefined) {
    for (const [index, part] of validators.entries()) {
      const age = formatDuration(host.now() - atMs);
      const step = runPartStep(part, 'validator', index, validators.length);
      runner.skip(step, `passed ${age} ago`, new Date(atMs).toISOString());
    }
    return undefined;
  }
  const startedAt = host.now();
  const invalid = await validate(scene, prepared, disk);
  if (invalid !== undefined) return invalid;
  const nowMs = host.now();
  const { templateName } = options;
  const facts = { templateName, base: source.facts.digest, tookMs: nowMs - startedAt, nowMs };
  try {
    await keepVerdict(question, facts, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    scene.recorder.warning(`That the image passed is not remembered: ${reason}`);
  }
  return undefined;
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
