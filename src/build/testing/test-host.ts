/**
 * A build host for tests that boot machines. Its home is apart from the user's and stays between runs, so
 * that base images are made once; everything else that a test publishes there it takes away again.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseAccelerator } from '../../host/accelerator/accelerator.ts';
import { currentBuildUser } from '../../host/build-user.ts';
import { openHome } from '../../host/home.ts';
import { readMachineFacts } from '../../host/machine-facts.ts';
import { loadCatalogue } from '../../images/catalogue/catalogue.ts';
import { openImageStore } from '../../images/store/image-store.ts';
import type { ImageTemplate, Source } from '../../model/image-template.ts';
import type { ImageFacts } from '../../model/image.ts';
import type { BuildEvent, BuildEventSink, RunRecord } from '../../model/run.ts';
import { GIB } from '../../model/sizes.ts';
import { createQemuHypervisor } from '../../vm/qemu/qemu-hypervisor.ts';
import { openCheckpointStore } from '../checkpoints/checkpoint-store.ts';
import { RUN_EVERY_CUSTOMIZER, type BuildHost, type BuildOptions } from '../build-options.ts';
import { runBuild } from '../run-build.ts';
import { resolveSourceStep } from '../steps/resolve-source.ts';

/** The home that tests share. */
export function testHomeRoot(): string {
  return join(openHome().root, 'test-home');
}

export interface TestHost extends AsyncDisposable {
  readonly host: BuildHost;
  /** For VHDs, scripts and files of this test; deleted with the host. */
  readonly folder: string;
  /** A source image, made when it is not there yet. */
  baseImage(source: Source): Promise<ImageFacts>;
  /** Runs a build and gives its record and everything it told. */
  build(
    template: ImageTemplate,
    options?: Partial<BuildOptions>,
    watch?: { readonly signal: AbortSignal; readonly onEvent: BuildEventSink },
  ): Promise<{ record: RunRecord; events: readonly BuildEvent[] }>;
}

const signal = AbortSignal.timeout(60_000);
const CHECKPOINT_LIMIT_BYTES = 8 * GIB;

/** With `checkpoints` what is built is kept, in a store that starts empty and is emptied again. */
export async function openTestHost({ checkpoints = false } = {}): Promise<TestHost> {
  const folder = await mkdtemp(join(tmpdir(), 'goldsmith-vm-test-'));
  const home = openHome({ GOLDSMITH_HOME: testHomeRoot() });
  const user = currentBuildUser();
  const { accelerator, cpuModel, qemuVersion } = await chooseAccelerator({ home, user, signal });
  const kept = openCheckpointStore({ home, user, limitBytes: CHECKPOINT_LIMIT_BYTES, now: Date.now });
  if (checkpoints) await kept.prune({ limitBytes: -1, signal });
  const store = openImageStore(home);
  const host: BuildHost = {
    ...{ home, user, store, accelerator, cpuModel },
    catalogue: loadCatalogue(home),
    createHypervisor: (onProcess) => createQemuHypervisor({ user, onProcess }),
    machineFacts: readMachineFacts(accelerator, qemuVersion),
    ...(checkpoints ? { checkpoints: kept } : {}),
    now: Date.now,
  };
  const runIds: string[] = [];
  return {
    host,
    folder,
    async baseImage(source) {
      const quiet = (): void => undefined;
      const limit = AbortSignal.timeout(20 * 60_000);
      const context = { signal: limit, output: quiet, progress: quiet, warn: quiet };
      return (await resolveSourceStep.run({ source, host }, context)).facts;
    },
    async build(template, options = {}, watch) {
      const events: BuildEvent[] = [];
      const record = await runBuild(
        {
          template,
          templateName: template.name ?? 'test',
          templateFolder: folder,
          outputFolder: join(folder, 'out'),
          copies: [],
          keepOnError: false,
          reuse: RUN_EVERY_CUSTOMIZER,
          bootTimeoutMs: 10 * 60_000,
          ...options,
        },
        host,
        (event) => {
          events.push(event);
          watch?.onEvent(event);
        },
        watch?.signal ?? new AbortController().signal,
      );
      runIds.push(record.runId);
      return { record, events };
    },
    async [Symbol.asyncDispose]() {
      for (const runId of runIds) await rm(join(home.runs, runId), { recursive: true, force: true });
      await rm(folder, { recursive: true, force: true });
      if (checkpoints) await kept.prune({ limitBytes: -1, signal: AbortSignal.timeout(60_000) });
      store.collectGarbage();
      store[Symbol.dispose]();
    },
  };
}
