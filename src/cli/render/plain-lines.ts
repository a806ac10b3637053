/**
 * Progress for pipes, files and CI logs: one line an event, each beginning with the time in UTC and the step it
 * belongs to, so that interleaved or cut logs stay readable and `grep` works.
 */
import type { BuildEvent, BuildEventSink } from '../../model/run.ts';
import { formatBytes, formatDuration } from '../../model/sizes.ts';
import { safeLine } from './safe-text.ts';

/** Between two lines about bytes of unknown total. */
const QUIET_MS = 15_000;
/** Between two lines about bytes of known total, in per cent. */
const STEP_PERCENT = 10;

interface Reported {
  readonly what: string;
  readonly percent: number;
  readonly at: number;
}

/** A sink that calls `write` with whole lines, without line ends. */
export function plainLines(write: (line: string) => void): BuildEventSink {
  const labels = new Map<string, string>();
  const reported = new Map<string, Reported>();
  const say = (at: number, label: string, text: string): void =>
    write(`${timestamp(at)}  [${label}] ${safeLine(text)}`);
  return (event) => {
    switch (event.kind) {
      case 'run-started':
        return say(event.at, 'run', `started ${event.templateName} (run ${event.runId})`);
      case 'sub-state':
        return say(event.at, 'run', event.subState);
      case 'step-started':
        labels.set(event.id, stepLabel(event.id, event.title));
        return say(event.at, stepLabel(event.id, event.title), `started: ${event.title}`);
      case 'step-output':
        return say(event.at, labels.get(event.id) ?? event.id, event.line);
      case 'step-progress': {
        const next = progressReport(reported.get(event.id), event);
        if (next === undefined) return;
        reported.set(event.id, next);
        return say(event.at, labels.get(event.id) ?? event.id, progressLine(event, next.percent));
      }
      case 'step-ended':
        return say(event.at, stepLabel(event.id, event.title), endText(event));
      case 'warning':
        return say(event.at, 'warning', event.message);
      case 'run-ended':
        return say(event.at, 'run', `ended: ${event.record.state}`);
    }
  };
}

/** ISO 8601 in UTC, whole seconds. */
export function timestamp(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** `Customize 1/3: Shell "install"` → `customize 1/3`; other steps are known by their id. */
export function stepLabel(id: string, title: string): string {
  const counted = /^([A-Za-z]+ \d+\/\d+)\b/.exec(title);
  return safeLine(counted?.[1]?.toLowerCase() ?? id);
}

function endText(event: Extract<BuildEvent, { kind: 'step-ended' }>): string {
  const took = event.state === 'skipped' ? '' : ` in ${formatDuration(event.durationMs)}`;
  return `${event.state}${took}${event.message === undefined ? '' : `: ${event.message}`}`;
}

type ProgressEvent = Extract<BuildEvent, { kind: 'step-progress' }>;

function progressReport(before: Reported | undefined, event: ProgressEvent): Reported | undefined {
  const known = event.totalBytes !== undefined && event.totalBytes > 0;
  const percent = known ? Math.floor((event.doneBytes / (event.totalBytes ?? 1)) * 100) : -1;
  const next = { what: event.what, percent, at: event.at };
  if (before === undefined || before.what !== event.what) return next;
  if (!known) return event.at - before.at >= QUIET_MS ? next : undefined;
  const finished = percent >= 100 && before.percent < 100;
  return finished || percent >= before.percent + STEP_PERCENT ? next : undefined;
}

function progressLine(event: ProgressEvent, percent: number): string {
  if (event.totalBytes === undefined || percent < 0) return `${event.what}: ${formatBytes(event.doneBytes)}`;
  return `${event.what}: ${percent}% (${formatBytes(event.doneBytes)} of ${formatBytes(event.totalBytes)})`;
}
