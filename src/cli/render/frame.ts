/** One picture of a run under way: the lines below the finished steps. Pure, so that tests can look at it. */
import { formatBytes, formatDuration } from '../../model/sizes.ts';
import { fitCells, padCells } from './cell-width.ts';
import { runningSteps, type RunView, type StepProgress, type StepView } from './run-view.ts';
import type { Paint, Style } from './style.ts';

export interface FrameSize {
  readonly columns: number;
  readonly rows: number;
}

/** Lines of output shown under a running step. */
const TAIL_SHOWN = 5;
const BAR_CELLS = 24;

/** The lines to show now; none is wider than the terminal, and all together are shorter than it. */
export function liveFrame(
  view: RunView,
  now: number,
  size: FrameSize,
  style: Style,
  note?: string,
): string[] {
  const running = runningSteps(view);
  const spare = Math.max(0, size.rows - 2 - running.length * 2);
  const tailLines = Math.min(TAIL_SHOWN, Math.floor(spare / Math.max(1, running.length)));
  const lines = running.flatMap((step) => stepLines(step, now, size.columns, style, tailLines));
  lines.push(footer(view, now, size.columns, style, note));
  return lines.slice(-Math.max(1, size.rows - 1));
}

/** The line that stays on the screen when a step is over. */
export function endedStepLine(step: StepView, columns: number, style: Style): string {
  const [mark, paint] = endMark(step, style);
  const took =
    step.state === 'skipped' || step.durationMs === undefined ? '' : formatDuration(step.durationMs);
  // Why a step failed is told once, in the report at the end.
  const why = step.state === 'failed' ? undefined : step.message;
  const text = why === undefined ? step.title : `${step.title} – ${why}`;
  return withTime(paint(mark), text, took, columns, style.dim);
}

function stepLines(step: StepView, now: number, columns: number, style: Style, tailLines: number): string[] {
  const { spinner } = style.marks;
  const elapsedMs = Math.max(0, now - step.startedAt);
  const frame = spinner[Math.floor(elapsedMs / 100) % spinner.length] ?? '';
  const lines = [withTime(style.cyan(frame), step.title, ticking(elapsedMs), columns, style.dim)];
  if (step.progress !== undefined) lines.push(`  ${progressText(step.progress, columns - 2, style)}`);
  const tail = tailLines === 0 ? [] : step.tail.slice(-tailLines);
  for (const line of tail) lines.push(style.dim(`  ${style.marks.bar} ${fitCells(line, columns - 4)}`));
  return lines;
}

function footer(view: RunView, now: number, columns: number, style: Style, note: string | undefined): string {
  const elapsed = view.startedAt === undefined ? undefined : ticking(Math.max(0, now - view.startedAt));
  const parts = [view.subState, elapsed, note ?? 'Ctrl-C cancels'].filter((part) => part !== undefined);
  const text = fitCells(parts.join(' · '), columns);
  return note === undefined ? style.dim(text) : style.yellow(text);
}

function progressText(progress: StepProgress, columns: number, style: Style): string {
  const { doneBytes, totalBytes, what } = progress;
  const seconds = (progress.at - progress.since) / 1000;
  const speed =
    seconds < 1 ? '' : `  ${formatBytes(Math.round((doneBytes - progress.sinceBytes) / seconds))}/s`;
  if (totalBytes === undefined || totalBytes <= 0) {
    return fitCells(`${what}  ${formatBytes(doneBytes)}${speed}`, columns);
  }
  const part = Math.min(1, doneBytes / totalBytes);
  const filled = Math.round(part * BAR_CELLS);
  const bar = style.marks.filled.repeat(filled) + style.marks.empty.repeat(BAR_CELLS - filled);
  const numbers = `${String(Math.floor(part * 100)).padStart(3)}%  ${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}${speed}`;
  return fitCells(`${bar} ${numbers}  ${what}`, columns);
}

function endMark(step: StepView, style: Style): [string, Paint] {
  const { marks } = style;
  if (step.state === 'succeeded') return [marks.done, style.green];
  if (step.state === 'failed') return [marks.failed, style.red];
  return step.state === 'cancelled' ? [marks.failed, style.yellow] : [marks.skipped, style.dim];
}

/** `mark text … time`, with the time at column 80 or at the right edge of a narrower screen. */
function withTime(mark: string, text: string, time: string, columns: number, dim: Paint): string {
  if (time === '') return `${mark} ${fitCells(text, columns - 2)}`;
  const around = 2 + 2 + time.length;
  const shown = padCells(fitCells(text, columns - around), Math.min(columns, 80) - around);
  return `${mark} ${shown}  ${dim(time)}`;
}

/** Elapsed time while it runs: tenths would only flicker. */
function ticking(ms: number): string {
  return ms < 60_000 ? `${Math.floor(ms / 1000)}s` : formatDuration(Math.floor(ms / 1000) * 1000);
}
