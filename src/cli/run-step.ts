/** One piece of work outside a build, told with the events of a build step, so that every renderer can show it. */
import type { BuildEventSink } from '../model/run.ts';

export interface StepReport {
  progress(what: string, doneBytes: number, totalBytes: number | undefined): void;
  output(line: string): void;
}

/** Runs `work` as the step `id`; passes on its result or its failure. */
export async function runStep<T>(
  sink: BuildEventSink,
  id: string,
  title: string,
  signal: AbortSignal,
  work: (report: StepReport) => Promise<T>,
): Promise<T> {
  const startedAt = Date.now();
  const end = (state: 'succeeded' | 'failed' | 'cancelled'): void => {
    const at = Date.now();
    sink({ kind: 'step-ended', at, id, title, state, durationMs: at - startedAt });
  };
  sink({ kind: 'step-started', at: startedAt, id, title });
  try {
    const result = await work({
      progress: (what, doneBytes, totalBytes) =>
        sink({ kind: 'step-progress', at: Date.now(), id, what, doneBytes, totalBytes }),
      output: (line) => sink({ kind: 'step-output', at: Date.now(), id, stream: 'out', line }),
    });
    end('succeeded');
    return result;
  } catch (error) {
    end(signal.aborted ? 'cancelled' : 'failed');
    throw error;
  }
}
