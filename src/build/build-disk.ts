/** From a source image to a finished disk: by the shortest way that what is kept of earlier builds allows. */
import { join } from 'node:path';
import type { AdvanceCopy } from '../disk/layers/advance-copy.ts';
import type { StandingResult } from '../distribute/standing-vhds.ts';
import type { ImageFacts } from '../model/image.ts';
import { formatDuration } from '../model/sizes.ts';
import { layersOf } from '../vm/hypervisor.ts';
import { buildKeys } from './build-keys.ts';
import {
  bootInput,
  keepIf,
  machineFolder,
  machineName,
  type BuildScene,
  type Prepared,
} from './build-scene.ts';
import { CheckpointKeeper, type Lineage } from './checkpoints/checkpoint-keeper.ts';
import type { CheckpointRef } from './checkpoints/manifest.ts';
import { readMachine } from './checkpoints/checkpoint-machine.ts';
import type { CheckpointStore } from './checkpoints/checkpoint-store.ts';
import { planReuse, type BuildKeys, type ReusePlan, type StepReuse } from './checkpoints/plan-reuse.ts';
import { finalLayers, flattenEarly } from './flatten-early.ts';
import type { GuestSession } from './guest-session.ts';
import { osDiskBytes } from './machine-shape.ts';
import { bootStep } from './steps/boot-vm.ts';
import { freezeDiskStep } from './steps/freeze-disk.ts';
import { generalizeStep } from './steps/generalize.ts';
import { prepareDiskStep } from './steps/prepare-disk.ts';
import { reuseImageStep } from './steps/reuse-image.ts';
import { runPartStep } from './steps/run-part.ts';
import { wakeStep } from './steps/wake-vm.ts';

/** A machine ready for a customizer, and what is in it already. */
interface Start extends Lineage {
  readonly session: GuestSession;
  /** How many customizers have run in it. */
  readonly done: number;
  readonly tookMs: number;
}

export interface BuiltDisk {
  readonly disk: ImageFacts;
  /** What it is kept as, when it is kept. */
  readonly kept: CheckpointRef | undefined;
  /** Results of an earlier build that are this disk; `disk` is one of them then, when there are any. */
  readonly standing: readonly StandingResult[];
}

/** @throws GoldsmithError for the first thing that stopped the build. */
export async function buildDisk(scene: BuildScene, prepared: Prepared): Promise<BuiltDisk> {
  const { checkpoints } = scene.host;
  if (checkpoints === undefined) return customize(scene, prepared, undefined);
  const { template } = scene.options;
  const keys = buildKeys({ ...prepared, template, host: scene.host, source: prepared.source.facts });
  await dropForced(scene, checkpoints, keys);
  const atMs = scene.host.now();
  const plan = await planReuse({
    ...{ store: checkpoints, keys, policy: scene.options.reuse, nowMs: atMs },
    templateName: scene.options.templateName,
  });
  return (
    (await reuseImage(scene, prepared, checkpoints, plan)) ??
    (await customize(scene, prepared, { store: checkpoints, atMs, keys, plan }))
  );
}

interface Kept {
  readonly store: CheckpointStore;
  /** When it was looked at. */
  readonly atMs: number;
  readonly keys: BuildKeys;
  readonly plan: ReusePlan;
}

/** What runs again on demand leaves nothing behind that was built on its old result. */
async function dropForced(
  { options, signal }: BuildScene,
  store: CheckpointStore,
  keys: BuildKeys,
): Promise<void> {
  const { rerunFrom } = options.reuse;
  if (rerunFrom === undefined) return;
  for (const { key } of [...keys.steps.slice(rerunFrom), keys.image]) await store.drop(key, { signal });
}

async function reuseImage(
  scene: BuildScene,
  { source }: Prepared,
  store: CheckpointStore,
  { image, steps }: ReusePlan,
): Promise<BuiltDisk | undefined> {
  if (image === undefined) return undefined;
  const { runner, folder, host, options } = scene;
  const { template, copies, outputFolder } = options;
  const isBooted = (template.validate?.inVMValidations ?? []).length > 0;
  const reused = await runner.run(reuseImageStep, {
    ...{ store, entry: image, source: source.facts, user: host.user, workDir: folder.work },
    nowMs: host.now(),
    path: join(folder.work, 'os.raw'),
    ...(isBooted || copies.length > 0
      ? {}
      : { distribution: { targets: template.distribute, outputFolder } }),
  });
  if (reused === undefined) return undefined;
  tellSteps(scene, steps, steps.length);
  return { ...reused, kept: image };
}

async function customize(scene: BuildScene, prepared: Prepared, kept: Kept | undefined): Promise<BuiltDisk> {
  const { options, host, runner, recorder, log, folder, signal } = scene;
  const { customize: parts, errorHandling, vmProfile } = options.template;
  const { facts } = prepared.source;
  const diskBytes = osDiskBytes(vmProfile, facts);
  const start = (await wake(scene, prepared, kept)) ?? (await boot(scene, prepared, diskBytes));
  const { session } = start;
  await using keeper =
    kept === undefined || !session.freezable
      ? undefined
      : new CheckpointKeeper(
          {
            ...{ store: kept.store, templateName: options.templateName, base: facts.digest, diskBytes },
            ...{ workDir: folder.work, user: host.user, now: host.now, keepFromMs: kept.atMs },
            onWarning: (message) => recorder.warning(message),
          },
          start,
        );
  await using owned = new AsyncDisposableStack();
  const path = join(folder.work, 'os.raw');
  let copy: AdvanceCopy | undefined;
  recorder.subState('Customizing');
  try {
    if (kept !== undefined && start.parent === undefined) {
      const label = { ...kept.keys.boot, title: 'Boot', position: -1, kind: 'boot' as const };
      await keeper?.keep(session, { ...label, tookMs: start.tookMs }, signal);
    }
    copy = owned.use(
      await flattenEarly(scene, session.vm.disk, { path, sizeBytes: diskBytes, source: facts }),
    );
    keeper?.customizing();
    for (const [index, part] of parts.entries()) {
      if (index < start.done) continue;
      const step = runPartStep(part, 'customizer', index, parts.length);
      await runner.run(step, { session, log, ...prepared });
      const key = kept?.keys.steps[index];
      if (key === undefined) continue;
      await keeper?.keepIfItPays(session, { ...key, title: step.title, position: index }, signal);
      copy?.extend(finalLayers(session.vm.disk));
    }
    log.finalizing();
    await runner.run(generalizeStep, session);
  } catch (error) {
    await keepIf(errorHandling.onCustomizerError === 'abort', scene, session, error);
    throw error;
  }
  await session[Symbol.asyncDispose]();
  const layers = layersOf(session.vm.disk) ?? [];
  const image = await runner.run(freezeDiskStep, {
    ...{ layers, sizeBytes: diskBytes, path, source: facts, user: host.user, copy },
  });
  if (kept === undefined || keeper === undefined) return { disk: image, kept: undefined, standing: [] };
  const label = { ...kept.keys.image, title: 'Image', position: parts.length - 1 };
  return {
    disk: image,
    kept: await keeper.keepImage(session.vm.disk, { ...label, tookMs: 0, digest: image.digest }, signal),
    standing: [],
  };
}

/** From the latest checkpoint that a copy can be woken of; undefined when there is none. */
async function wake(
  scene: BuildScene,
  prepared: Prepared,
  kept: Kept | undefined,
): Promise<Start | undefined> {
  const { host, hypervisor, options, folder, runner, runId } = scene;
  if (kept === undefined) return undefined;
  for (const [attempt, { entry, done }] of kept.plan.starts.entries()) {
    const role = attempt === 0 ? 'build' : `build-${attempt + 1}`;
    const session = await runner.run(wakeStep, {
      ...{ store: kept.store, entry, hypervisor, user: host.user, now: host.now },
      basePath: prepared.source.facts.path,
      name: machineName('build', runId),
      memory: 'shared',
      location: options.template.location,
      workDir: machineFolder(folder, role, host.user),
      consoleLog: folder.consoleLog,
      ...(host.wakeSession === undefined ? {} : { wakeSession: host.wakeSession }),
    });
    if (session === undefined) continue;
    tellSteps(scene, kept.plan.steps, done);
    return {
      ...{ session, done, tookMs: 0, parent: { key: entry.key, id: entry.id } },
      stepsSinceMs: readMachine(entry)?.stepsSinceMs,
    };
  }
  tellSteps(scene, kept.plan.steps, 0);
  return undefined;
}

async function boot(scene: BuildScene, prepared: Prepared, diskBytes: number): Promise<Start> {
  const { host, runner, folder } = scene;
  const { facts } = prepared.source;
  const startedAt = host.now();
  const layer = join(folder.work, 'layer-0.qcow2');
  await runner.run(prepareDiskStep, { source: facts, sizeBytes: diskBytes, path: layer, user: host.user });
  const session = await runner.run(bootStep('boot', 'Boot the build VM'), {
    ...bootInput(scene, prepared, 'build', {
      ...{ path: layer, format: 'qcow2', ephemeral: false },
      below: [{ path: facts.path, format: 'raw' }],
    }),
    growDisk: diskBytes > facts.virtualSizeBytes,
    kernelFrom: facts.path,
    freezable: host.checkpoints !== undefined,
  });
  return { session, done: 0, tookMs: host.now() - startedAt, parent: undefined, stepsSinceMs: undefined };
}

/** Says of each customizer whether its result is used again, from when, or why it runs. */
function tellSteps(
  { runner, recorder, options, host }: BuildScene,
  steps: readonly StepReuse[],
  done: number,
): void {
  const parts = options.template.customize;
  for (const [index, part] of parts.entries()) {
    const reuse = steps[index];
    if (reuse === undefined) continue;
    const { id, title } = runPartStep(part, 'customizer', index, parts.length);
    if (index < done && reuse.reused) {
      const age = formatDuration(host.now() - reuse.createdAtMs);
      runner.skip({ id, title }, `kept from ${age} ago`, new Date(reuse.createdAtMs).toISOString());
    } else {
      recorder.runs(id, reuse.reused ? 'what was kept of it could not be used' : reuse.reason);
    }
  }
}
