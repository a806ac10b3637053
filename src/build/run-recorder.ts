/**
 * Keeps the record of a run while it happens: events to whoever watches, lines to the log, and `run.json`
 * on disk at every change of state, so that a run whose process dies still tells how far it came.
 */
import { writeFileAtomic } from '../host/atomic-file.ts';
import type { GoldsmithError } from '../model/errors.ts';
import type {
  Artifact,
  BuildEventSink,
  ResolvedSourceRecord,
  RunRecord,
  RunState,
  RunSubState,
  StepRecord,
} from '../model/run.ts';
import type { RunLog } from './run-log.ts';
import type { StepObserver } from './step.ts';

export interface RunRecorderOptions {
  readonly runId: string;
  readonly templateName: string;
  readonly recordPath: string;
  readonly logPath: string;
  readonly log: RunLog;
  readonly sink: BuildEventSink;
  readonly now: () => number;
}

export class RunRecorder implements StepObserver {
  readonly #options: RunRecorderOptions;
  #record: RunRecord;

  constructor(options: RunRecorderOptions) {
    this.#options = options;
    const { runId, templateName, logPath } = options;
    this.#record = {
      runId,
      templateName,
      state: 'Running',
      subState: 'Queued',
      startTime: new Date(options.now()).toISOString(),
      message: '',
      steps: [],
      artifacts: [],
      logPath,
      warnings: [],
    };
    this.#save();
    this.#emit({ kind: 'run-started', runId, templateName });
  }

  get record(): RunRecord {
    return this.#record;
  }

  subState(subState: RunSubState): void {
    if (this.#record.subState === subState) return;
    this.#update({ subState });
    this.#emit({ kind: 'sub-state', subState });
  }

  source(source: ResolvedSourceRecord): void {
    this.#update({ source });
  }

  vm(vm: NonNullable<RunRecord['vm']>): void {
    this.#update({ vm });
  }

  artifacts(artifacts: readonly Artifact[]): void {
    this.#update({ artifacts: [...this.#record.artifacts, ...artifacts] });
  }

  /** Why a customizer runs although results of earlier builds are kept. */
  runs(id: string, reason: string): void {
    this.#options.log.note(`${id} runs: ${reason}`);
    this.#update({ ran: { ...this.#record.ran, [id]: reason } });
  }

  started(id: string, title: string): void {
    this.#options.log.note(title);
    this.#emit({ kind: 'step-started', id, title });
  }

  output(id: string, stream: 'out' | 'err', line: string): void {
    this.#options.log.output(stream, line);
    this.#emit({ kind: 'step-output', id, stream, line });
  }

  progress(id: string, what: string, doneBytes: number, totalBytes: number | undefined): void {
    this.#emit({ kind: 'step-progress', id, what, doneBytes, totalBytes });
  }

  warning(message: string): void {
    this.#options.log.note(`Warning: ${message}`);
    this.#update({ warnings: [...this.#record.warnings, message] });
    this.#emit({ kind: 'warning', message });
  }

  ended(step: StepRecord): void {
    this.#update({ steps: [...this.#record.steps, step] });
    const { id, title, state, durationMs, message } = step;
    if (state === 'skipped') this.#options.log.note(`${title}: ${message ?? 'skipped'}`);
    this.#emit({
      kind: 'step-ended',
      id,
      title,
      state,
      durationMs,
      ...(message === undefined ? {} : { message }),
    });
  }

  /** Closes the record. `message` is what `lastRunStatus.message` would say. */
  finish(state: RunState, message: string, error: GoldsmithError | undefined): RunRecord {
    this.#update({
      state,
      message,
      endTime: new Date(this.#options.now()).toISOString(),
      ...(error === undefined
        ? {}
        : {
            error: {
              code: error.code,
              message: error.message,
              ...(error.hint === undefined ? {} : { hint: error.hint }),
              details: error.details,
            },
          }),
    });
    this.#options.log.note(`${state}: ${message}`);
    this.#emit({ kind: 'run-ended', record: this.#record });
    return this.#record;
  }

  #update(change: Partial<RunRecord>): void {
    this.#record = { ...this.#record, ...change };
    this.#save();
  }

  #save(): void {
    writeFileAtomic(this.#options.recordPath, `${JSON.stringify(this.#record, undefined, 2)}\n`);
  }

  #emit(event: WithoutTime<Parameters<BuildEventSink>[0]>): void {
    this.#options.sink({ ...event, at: this.#options.now() });
  }
}

type WithoutTime<T> = T extends unknown ? Omit<T, 'at'> : never;
