/** One build from a checked template to its record: the frame around `buildImage`. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { openJournal, type Journal } from '../host/journal/journal.ts';
import type { GoldsmithError } from '../model/errors.ts';
import type { BuildEventSink, RunRecord } from '../model/run.ts';
import { buildImage } from './build-image.ts';
import type { BuildHost, BuildOptions } from './build-options.ts';
import { hasKeptMachine } from './kept-machine.ts';
import { makeRunFolder, type RunFolder } from './run-folder.ts';
import { limitRun, reasonOf } from './run-limits.ts';
import { RunLog } from './run-log.ts';
import { RunRecorder } from './run-recorder.ts';
import { StepRunner } from './step.ts';
import { makeWorkFolder, processRecorder } from './work-folder.ts';

/**
 * Builds one image. Never throws for what can go wrong in a build: the record says how it ended.
 * Whatever happens, the machine and its processes are gone when this returns; after a sudden death of this
 * process the next command finds the rest in the journal.
 */
export async function runBuild(
  options: BuildOptions,
  host: BuildHost,
  sink: BuildEventSink,
  cancel: AbortSignal,
): Promise<RunRecord> {
  const runId = options.runId ?? randomUUID();
  const folder = makeRunFolder(host.home, runId);
  const journal = openJournal(folder.root);
  try {
    makeWorkFolder(folder.work, host.user, journal);
    mkdirSync(options.outputFolder, { recursive: true });
    using log = new RunLog(folder.customizationLog, runId, host.now);
    const recorder = new RunRecorder({
      runId,
      templateName: options.templateName,
      recordPath: folder.record,
      logPath: folder.customizationLog,
      ...{ log, sink, now: host.now },
    });
    return await recordRun({ runId, options, host, folder, journal, log, recorder }, cancel);
  } finally {
    const kept = hasKeptMachine(folder);
    if (!kept) rmSync(folder.work, { recursive: true, force: true });
    journal.close(kept ? 'kept' : 'ended');
  }
}

interface Frame {
  readonly runId: string;
  readonly options: BuildOptions;
  readonly host: BuildHost;
  readonly folder: RunFolder;
  readonly journal: Journal;
  readonly log: RunLog;
  readonly recorder: RunRecorder;
}

async function recordRun(frame: Frame, cancel: AbortSignal): Promise<RunRecord> {
  const { options, host, journal, recorder, folder } = frame;
  using limits = limitRun(cancel, options.template.buildTimeoutMs);
  const { signal } = limits;
  const hypervisor = host.createHypervisor(processRecorder(journal));
  try {
    await using runner = new StepRunner({ observer: recorder, signal, now: host.now });
    const { state, message, error } = await buildImage({ ...frame, hypervisor, runner, signal });
    return recorder.finish(state, message, error);
  } catch (error) {
    const reason = reasonOf(error, signal);
    const state = reason.code === 'Cancelled' ? 'Canceled' : 'Failed';
    return recorder.finish(state, reason.message, withKeptHint(reason, folder, frame.runId));
  }
}

function withKeptHint(error: GoldsmithError, folder: RunFolder, runId: string): GoldsmithError {
  if (!hasKeptMachine(folder)) return error;
  return error.withHint(
    `The machine is kept as it was. Get into it with \`./goldsmith shell ${runId}\`; delete it with \`./goldsmith runs rm ${runId}\`.`,
  );
}
