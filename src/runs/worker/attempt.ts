/** One attempt at a run: a process that builds, from its start to its end, watched all the time. */
import { mkdirSync } from 'node:fs';
import { runFolder } from '../../build/run-folder.ts';
import { readJsonIfExists } from '../../host/atomic-file.ts';
import { GoldsmithError, isGoldsmithError } from '../../model/errors.ts';
import type { RunRecord } from '../../model/run.ts';
import { osDiskEstimate, stagedMachine } from '../staged-machine.ts';
import type { RunInput } from '../run-input.ts';
import { reusePolicyOf } from '../run-reuse.ts';
import type { ToldEvent } from '../executor/messages.ts';
import { startExecutor, type ExecutorEnd } from '../executor/start-executor.ts';
import type { Hold } from './hold.ts';
import type { LogFollower } from './log-follower.ts';
import { makeServiceFolder } from './service-folder.ts';
import { fetchStaged } from './staged-artifacts.ts';
import { DEFAULT_TIMES, type RunWorkerOptions } from './worker-options.ts';

export type AttemptEnd =
  | ExecutorEnd
  /** The service itself could not go on. */
  | { readonly kind: 'failed'; readonly error: GoldsmithError }
  /** The run was told to end, and nothing of it is left running. */
  | { readonly kind: 'cancelled' }
  /** This worker is closing, and nothing of the run is left running. */
  | { readonly kind: 'stopped' }
  /** Somebody else may hold the run; its process was ended. */
  | { readonly kind: 'lost' };

/** Builds until the end, the cancellation, the loss of the hold or `stop`. */
export async function attempt(
  options: RunWorkerOptions,
  hold: Hold,
  input: RunInput,
  log: LogFollower,
  stop: AbortSignal,
): Promise<AttemptEnd> {
  const { home, files, simulate, executor: command, onEvent } = options;
  const { id: runId } = hold.run;
  const quit = AbortSignal.any([hold.lost, hold.cancelled, stop]);
  try {
    const folder = await makeServiceFolder(home, runId, quit);
    const localCopies = await fetchStaged(input, files, folder.staged, quit);
    if (quit.aborted) return whyEnded(hold);
    mkdirSync(runFolder(home, runId).root, { recursive: true });
    const { template } = input;
    await using executor = startExecutor({
      command,
      job: {
        ...{ runId, simulate, localCopies },
        templateName: template.name ?? runId,
        template: forEngine(template),
        outputFolder: folder.output,
        reuse: reusePolicyOf({
          tags: template.tags,
          maxStepAgeMs: input.maxStepAgeMs,
          requestedAtMs: Date.parse(hold.run.requestedAt),
        }),
      },
      onEvent: (event) => follow(options, hold, input, event),
      onLogGrew: () => log.grew(),
    });
    onEvent?.(runId, { kind: 'executor-started', pid: executor.pid });
    const grace = options.times?.cancelGraceMs ?? DEFAULT_TIMES.cancelGraceMs;
    let timer: NodeJS.Timeout | undefined;
    const lose = (): void => void executor.kill();
    const end = (): void => {
      executor.cancel();
      timer ??= setTimeout(() => void executor.kill(), grace);
    };
    const soft = AbortSignal.any([hold.cancelled, stop]);
    hold.lost.addEventListener('abort', lose, { once: true });
    soft.addEventListener('abort', end, { once: true });
    try {
      if (hold.lost.aborted) lose();
      if (soft.aborted) end();
      const ended = await executor.ended;
      onEvent?.(runId, { kind: 'executor-ended' });
      await hold.written();
      if (!quit.aborted) return ended;
      // an engine that was done before it heard of its cancellation has results that want to be handed on
      const finished = ended.kind === 'ended' && ended.record.state !== 'Canceled';
      return finished && !hold.lost.aborted ? ended : whyEnded(hold);
    } finally {
      clearTimeout(timer);
      hold.lost.removeEventListener('abort', lose);
      soft.removeEventListener('abort', end);
    }
  } catch (cause) {
    if (quit.aborted) return whyEnded(hold);
    const error = isGoldsmithError(cause)
      ? cause
      : new GoldsmithError('Internal', 'The run could not be started', { cause });
    if (!isGoldsmithError(cause)) options.onError(cause);
    return { kind: 'failed', error };
  }
}

function whyEnded(hold: Hold): AttemptEnd {
  if (hold.lost.aborted) return { kind: 'lost' };
  return hold.cancelled.aborted ? { kind: 'cancelled' } : { kind: 'stopped' };
}

/** VHDs are uploaded by the service: the engine writes each to a file of its own. */
function forEngine(template: RunInput['template']): RunInput['template'] {
  return {
    ...template,
    distribute: template.distribute.map((target) =>
      target.type === 'VHD' ? { ...target, uri: undefined } : target,
    ),
  };
}

/** Steps after which there is a build VM: one with a new disk, or one woken from a kept machine. */
const machineSteps: ReadonlySet<string> = new Set(['disk', 'wake']);

/** Brings what happens to the store and to the staging group. */
function follow(options: RunWorkerOptions, hold: Hold, input: RunInput, event: ToldEvent): void {
  const { home, staging, onEvent, onError } = options;
  const { run } = hold;
  onEvent?.(run.id, event);
  if (event.kind === 'sub-state') hold.write({ subState: event.subState });
  if (event.kind === 'step-ended' || event.kind === 'sub-state') {
    const record = readRecordOf(runFolder(home, run.id).record);
    if (record !== undefined) hold.write({ record });
    if (record !== undefined && event.kind === 'step-ended' && machineSteps.has(event.id)) {
      staging.show(stagedMachine(run, input, record, osDiskEstimate(home, run.id))).catch(onError);
    }
  }
  if (event.kind === 'step-started' && event.id === 'distribute') {
    staging.hide({ runId: run.id, staging: input.staging }).catch(onError);
  }
}

function readRecordOf(path: string): RunRecord | undefined {
  try {
    const json = readJsonIfExists(path);
    return json === undefined ? undefined : JSON.parse(JSON.stringify(json));
  } catch {
    return undefined;
  }
}
