/** What a person needs to see of a run, folded from its events. Pure: every renderer shares it. */
import type { BuildEvent, RunRecord, RunSubState, StepState } from '../../model/run.ts';
import { safeLine } from './safe-text.ts';

/** Lines of output kept per step: enough for an error report, bounded whatever a guest prints. */
const TAIL_LINES = 20;

export interface RunView {
  readonly runId: string | undefined;
  readonly templateName: string;
  readonly startedAt: number | undefined;
  readonly subState: RunSubState | undefined;
  /** In order of starting. */
  readonly steps: readonly StepView[];
  readonly warnings: readonly string[];
  readonly record: RunRecord | undefined;
}

export interface StepView {
  readonly id: string;
  readonly title: string;
  readonly state: StepState;
  readonly startedAt: number;
  readonly durationMs: number | undefined;
  readonly message: string | undefined;
  /** The last lines it printed, already safe to show. */
  readonly tail: readonly string[];
  readonly progress: StepProgress | undefined;
}

export interface StepProgress {
  readonly what: string;
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
  /** Milliseconds since the epoch of the first report about `what`, for the speed. */
  readonly since: number;
  readonly sinceBytes: number;
  readonly at: number;
}

export const emptyRunView: RunView = {
  runId: undefined,
  templateName: '',
  startedAt: undefined,
  subState: undefined,
  steps: [],
  warnings: [],
  record: undefined,
};

export function foldEvent(view: RunView, event: BuildEvent): RunView {
  switch (event.kind) {
    case 'run-started':
      return {
        ...view,
        runId: event.runId,
        templateName: safeLine(event.templateName),
        startedAt: event.at,
      };
    case 'sub-state':
      return { ...view, subState: event.subState };
    case 'step-started':
      return { ...view, steps: [...view.steps, startedStep(event.id, event.title, event.at)] };
    case 'step-output':
      return changeStep(view, event.id, (step) => ({
        ...step,
        tail: [...step.tail, safeLine(event.line)].slice(-TAIL_LINES),
      }));
    case 'step-progress':
      return changeStep(view, event.id, (step) => ({
        ...step,
        progress: nextProgress(step.progress, event),
      }));
    case 'step-ended':
      return endStep(view, event);
    case 'warning':
      return { ...view, warnings: [...view.warnings, safeLine(event.message)] };
    case 'run-ended':
      return { ...view, record: event.record };
    default:
      event satisfies never;
      return view;
  }
}

/** The steps that are under way now. */
export function runningSteps(view: RunView): readonly StepView[] {
  return view.steps.filter((step) => step.state === 'running');
}

/** The step that failed, the last one when there are several. */
export function failedStep(view: RunView): StepView | undefined {
  return view.steps.findLast((step) => step.state === 'failed');
}

function startedStep(id: string, title: string, startedAt: number): StepView {
  return {
    id,
    title: safeLine(title),
    state: 'running',
    startedAt,
    durationMs: undefined,
    message: undefined,
    tail: [],
    progress: undefined,
  };
}

function endStep(view: RunView, event: Extract<BuildEvent, { kind: 'step-ended' }>): RunView {
  const known = view.steps.some((step) => step.id === event.id && step.state === 'running');
  const started = known
    ? view
    : { ...view, steps: [...view.steps, startedStep(event.id, event.title, event.at - event.durationMs)] };
  return changeStep(started, event.id, (step) => ({
    ...step,
    title: safeLine(event.title),
    state: event.state,
    durationMs: event.durationMs,
    message: event.message === undefined ? undefined : safeLine(event.message),
    progress: undefined,
  }));
}

/** Changes the newest step with this id: a step that ran twice is two steps. */
function changeStep(view: RunView, id: string, change: (step: StepView) => StepView): RunView {
  const index = view.steps.findLastIndex((step) => step.id === id);
  const step = view.steps[index];
  return step === undefined ? view : { ...view, steps: view.steps.with(index, change(step)) };
}

function nextProgress(
  before: StepProgress | undefined,
  event: Extract<BuildEvent, { kind: 'step-progress' }>,
): StepProgress {
  const what = safeLine(event.what);
  const same = before?.what === what && event.doneBytes >= before.doneBytes ? before : undefined;
  return {
    what,
    doneBytes: event.doneBytes,
    totalBytes: event.totalBytes,
    since: same?.since ?? event.at,
    sinceBytes: same?.sinceBytes ?? event.doneBytes,
    at: event.at,
  };
}
