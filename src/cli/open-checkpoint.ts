/** A shell at any place of a build, without touching the build: a copy of the machine as it was then. */
import { dirname } from 'node:path';
import { wakeCheckpoint } from '../build/checkpoints/wake-checkpoint.ts';
import type { GuestSession } from '../build/guest-session.ts';
import { lookUpPlan } from '../build/look-up-plan.ts';
import type { ScratchFolder } from '../build/scratch-folder.ts';
import { runCustomizer } from '../guest/customizers/customizers.ts';
import { OutputBudget } from '../guest/output/guest-log.ts';
import { GoldsmithError } from '../model/errors.ts';
import type { BuildEventSink } from '../model/run.ts';
import type { OpenBuildHost } from './connect-build-host.ts';
import type { CheckpointRequest } from './ports.ts';
import { runStep } from './run-step.ts';
import { stepsToldTo } from './step-events.ts';

interface Place {
  readonly host: OpenBuildHost;
  readonly scratch: ScratchFolder;
  readonly sink: BuildEventSink;
  readonly signal: AbortSignal;
}

/**
 * Wakes the latest checkpoint up to that place, and runs in the copy what takes less time than a checkpoint.
 * @throws GoldsmithError `SourceNotFound` when nothing of the template is kept, and what waking throws.
 */
export async function openCheckpointSession(request: CheckpointRequest, place: Place): Promise<GuestSession> {
  const { template, templateName, templatePath, done } = request;
  const { host, scratch, sink, signal } = place;
  await using runner = stepsToldTo(sink, signal);
  const { store, plan, source, artifacts } = await lookUpPlan(
    {
      ...{ template, templateName, reuse: { fresh: false, maxStepAgeMs: Infinity } },
      templateFolder: templatePath === '-' ? undefined : dirname(templatePath),
    },
    host,
    { runner, workDir: scratch.workDir },
  );
  const start = plan.starts.find((candidate) => candidate.done <= done);
  if (start === undefined) {
    throw new GoldsmithError('SourceNotFound', `No machine of "${templateName}" is kept`, {
      hint: 'Build the template first. What is kept is shown by `./goldsmith cache list`.',
    });
  }
  const session = await runStep(
    sink,
    'wake',
    `Wake the machine kept after "${start.entry.title}"`,
    signal,
    async () =>
      wakeCheckpoint(
        {
          ...{ store, entry: start.entry, basePath: source.path, name: 'shell', memory: 'private' },
          hypervisor: host.createHypervisor(scratch.onProcess),
          ...{ user: host.user, workDir: scratch.workDir, location: template.location },
        },
        signal,
      ),
  );
  try {
    const budget = new OutputBudget();
    for (const [index, part] of template.customize.entries()) {
      if (index < start.done || index >= done) continue;
      await runStep(
        sink,
        `customize[${index}]`,
        `Customize: ${part.name ?? part.type}`,
        signal,
        async (report) =>
          session.watch.guard(signal, async (either) =>
            runCustomizer(part, {
              ...{ role: 'customizer', index, shell: session.shell, artifacts, budget, signal: either },
              onLine: (_, line) => report.output(line),
              onProgress: (doneBytes, totalBytes) => report.progress('Uploading', doneBytes, totalBytes),
            }),
          ),
      );
    }
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}
