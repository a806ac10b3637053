/** Steps of the engine outside of a build, told with the events of one. */
import { StepRunner } from '../build/step.ts';
import type { BuildEventSink } from '../model/run.ts';

/** A runner whose steps every renderer can show. */
export function stepsToldTo(sink: BuildEventSink, signal: AbortSignal): StepRunner {
  const now = Date.now;
  return new StepRunner({
    ...{ signal, now },
    observer: {
      started: (id, title) => sink({ kind: 'step-started', at: now(), id, title }),
      output: (id, stream, line) => sink({ kind: 'step-output', at: now(), id, stream, line }),
      progress: (id, what, doneBytes, totalBytes) =>
        sink({ kind: 'step-progress', at: now(), id, what, doneBytes, totalBytes }),
      warning: (message) => sink({ kind: 'warning', at: now(), message }),
      ended: ({ id, title, state, durationMs }) =>
        sink({ kind: 'step-ended', at: now(), id, title, state, durationMs }),
    },
  });
}
