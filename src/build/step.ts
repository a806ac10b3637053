/**
 * A build is a flat list of steps. Each takes typed input, gives typed output, and may say how it is
 * undone; undoing happens in reverse order on every way out: success, failure, cancellation.
 */
import type { StepRecord, StepState } from '../model/run.ts';

export interface Step<In, Out> {
  /** Stable inside a run, for example `customize[0]`. */
  readonly id: string;
  /** What a person reads while it runs. */
  readonly title: string;
  run(input: In, context: StepContext): Promise<Out>;
  /** Takes back what `run` made; called once, also when a later step failed. Must not throw for things already gone. */
  undo?(output: Out): Promise<void>;
}

export interface StepContext {
  /** Fires on cancellation and on the run's timeout. */
  readonly signal: AbortSignal;
  /** One line of what the step is doing or what the guest printed. */
  output(stream: 'out' | 'err', line: string): void;
  progress(what: string, doneBytes: number, totalBytes: number | undefined): void;
  /** Something the user should know although the build goes on. */
  warn(message: string): void;
}

export interface StepObserver {
  started(id: string, title: string): void;
  output(id: string, stream: 'out' | 'err', line: string): void;
  progress(id: string, what: string, doneBytes: number, totalBytes: number | undefined): void;
  warning(message: string): void;
  ended(record: StepRecord): void;
}

/** Runs steps one after the other, remembers how to undo them, and keeps their records. */
export class StepRunner implements AsyncDisposable {
  readonly #observer: StepObserver;
  readonly #signal: AbortSignal;
  readonly #now: () => number;
  readonly #undo = new AsyncDisposableStack();
  readonly #records: StepRecord[] = [];

  constructor(options: { observer: StepObserver; signal: AbortSignal; now: () => number }) {
    this.#observer = options.observer;
    this.#signal = options.signal;
    this.#now = options.now;
  }

  get records(): readonly StepRecord[] {
    return this.#records;
  }

  /**
   * Runs one step to its end.
   * @throws whatever the step throws, after recording it; the signal's reason when it has fired already.
   */
  async run<In, Out>(step: Step<In, Out>, input: In): Promise<Out> {
    this.#signal.throwIfAborted();
    const startedAt = this.#now();
    this.#observer.started(step.id, step.title);
    try {
      const output = await step.run(input, this.#context(step.id));
      if (step.undo !== undefined) this.#undo.defer(async () => step.undo?.(output));
      this.#end(step, startedAt, 'succeeded', undefined);
      return output;
    } catch (error) {
      const state = this.#signal.aborted ? 'cancelled' : 'failed';
      this.#end(step, startedAt, state, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  /** Records a step that need not run, because an earlier build's result of it is used. */
  skip({ id, title }: Pick<Step<never, unknown>, 'id' | 'title'>, message: string, reusedFrom: string): void {
    const startedAt = new Date(this.#now()).toISOString();
    const record: StepRecord = { id, title, state: 'skipped', startedAt, durationMs: 0, message, reusedFrom };
    this.#records.push(record);
    this.#observer.ended(record);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo.disposeAsync();
  }

  #context(id: string): StepContext {
    return {
      signal: this.#signal,
      output: (stream, line) => this.#observer.output(id, stream, line),
      progress: (what, doneBytes, totalBytes) => this.#observer.progress(id, what, doneBytes, totalBytes),
      warn: (message) => this.#observer.warning(message),
    };
  }

  #end(step: Step<never, unknown>, startedAt: number, state: StepState, message: string | undefined): void {
    const record: StepRecord = {
      id: step.id,
      title: step.title,
      state,
      startedAt: new Date(startedAt).toISOString(),
      durationMs: this.#now() - startedAt,
      ...(message === undefined ? {} : { message }),
    };
    this.#records.push(record);
    this.#observer.ended(record);
  }
}
