/** What a build of a template would use of earlier ones, without building it. */
import { join } from 'node:path';
import type { Artifacts } from '../guest/artifacts/fetch-artifacts.ts';
import { mkdirSync } from 'node:fs';
import { GoldsmithError } from '../model/errors.ts';
import type { ImageTemplate } from '../model/image-template.ts';
import type { ImageFacts } from '../model/image.ts';
import { buildKeys } from './build-keys.ts';
import type { BuildHost, ReusePolicy } from './build-options.ts';
import type { CheckpointStore } from './checkpoints/checkpoint-store.ts';
import { planReuse, type ReusePlan } from './checkpoints/plan-reuse.ts';
import { shapeMachine } from './machine-shape.ts';
import type { StepRunner } from './step.ts';
import { fetchArtifactsStep } from './steps/fetch-artifacts.ts';
import { resolveSourceStep } from './steps/resolve-source.ts';

export interface PlanRequest {
  readonly template: ImageTemplate;
  readonly templateName: string;
  /** See `BuildOptions.templateFolder`. */
  readonly templateFolder: string | undefined;
  readonly reuse: ReusePolicy;
}

export interface LookedUpPlan {
  readonly store: CheckpointStore;
  readonly plan: ReusePlan;
  readonly source: ImageFacts;
  readonly artifacts: Artifacts;
}

/**
 * Fetches the template's files into `workDir` and resolves its source: a platform image that is not here yet is made.
 * @throws GoldsmithError as the beginning of a build does; `HostNotReady` when this host keeps nothing.
 */
export async function lookUpPlan(
  request: PlanRequest,
  host: BuildHost,
  { runner, workDir }: { readonly runner: StepRunner; readonly workDir: string },
): Promise<LookedUpPlan> {
  const { template, templateName, templateFolder, reuse } = request;
  const store = host.checkpoints;
  if (store === undefined) {
    throw new GoldsmithError('HostNotReady', 'This machine keeps no checkpoints', {
      hint: 'Set GOLDSMITH_CACHE_LIMIT to a size above 0.',
    });
  }
  mkdirSync(join(workDir, 'plan'), { mode: 0o700 });
  const artifacts = await runner.run(fetchArtifactsStep, {
    ...{ template, templateFolder, workDir: join(workDir, 'plan'), localCopies: undefined },
  });
  const { facts: source } = await runner.run(resolveSourceStep, { source: template.source, host });
  const { vm } = shapeMachine(template.vmProfile, source, host.home.root);
  const keys = buildKeys({ template, host, source, artifacts, vm });
  const plan = await planReuse({ store, keys, policy: reuse, templateName, nowMs: host.now() });
  return { store, plan, source, artifacts };
}
