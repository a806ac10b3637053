/** What is left on the screen when a run is over. */
import type { Artifact, RunRecord } from '../../model/run.ts';
import { formatBytes, formatDuration } from '../../model/sizes.ts';
import { failureText } from './error-report.ts';
import { failedStep, type RunView } from './run-view.ts';
import { safeLine } from './safe-text.ts';
import type { Style } from './style.ts';

/** Lines for a person; ends with a line end. `view` adds the last lines of a failed step when the run was watched. */
export function runSummary(record: RunRecord, view: RunView | undefined, style: Style): string {
  return `\n${headline(record, view, style)}${artifactLines(record, style)}${pointers(record, style)}`;
}

/** Milliseconds from start to end; undefined while it runs. */
export function runDurationMs(record: RunRecord): number | undefined {
  return record.endTime === undefined ? undefined : Date.parse(record.endTime) - Date.parse(record.startTime);
}

function headline(record: RunRecord, view: RunView | undefined, style: Style): string {
  const name = safeLine(record.templateName);
  const duration = runDurationMs(record);
  const took = duration === undefined ? '' : ` ${style.dim(`in ${formatDuration(duration)}`)}`;
  const { marks } = style;
  if (record.state === 'Succeeded')
    return `${style.green(marks.done)} ${style.bold(`Built ${name}`)}${took}\n`;
  if (record.state === 'Failed') return failure(record, view, style);
  if (record.state === 'Running') return `${style.bold(name)} is running: ${record.subState}\n`;
  if (record.state === 'PartiallySucceeded') {
    return `${style.yellow(`${marks.warning} Built ${name} only in part`)}${took}\n${failure(record, view, style)}`;
  }
  return `${style.yellow(`${marks.failed} Cancelled ${name}`)}${took}\n`;
}

function failure(record: RunRecord, view: RunView | undefined, style: Style): string {
  const step = view === undefined ? undefined : failedStep(view);
  const { error } = record;
  return failureText(
    {
      code: error?.code ?? 'Internal',
      message: error?.message ?? record.message,
      details: error?.details ?? [],
      ...(step === undefined ? {} : { step }),
      ...(error?.hint === undefined ? {} : { next: [error.hint] }),
    },
    style,
  );
}

function artifactLines(record: RunRecord, style: Style): string {
  return record.artifacts.map((artifact) => `\n${artifactText(artifact, style)}`).join('');
}

function artifactText(artifact: Artifact, style: Style): string {
  const sizes = `${formatBytes(artifact.virtualSizeBytes)} disk, ${formatBytes(artifact.allocatedSizeBytes)} stored`;
  const lines = [
    `  ${style.bold(artifact.kind)}  ${safeLine(artifact.runOutputName)}`,
    `    ${safeLine(artifact.path)}`,
    `    ${style.dim(`${artifact.format}, ${sizes}, ${artifact.digest}`)}`,
  ];
  if (artifact.artifactId !== undefined) lines.splice(1, 0, `    ${safeLine(artifact.artifactId)}`);
  return `${lines.join('\n')}\n`;
}

function pointers(record: RunRecord, style: Style): string {
  const lines = [
    `  ${style.cyan('Log')}   ${safeLine(record.logPath)}`,
    `  ${style.cyan('Run')}   ${record.runId}`,
  ];
  const [first] = record.artifacts;
  if (first !== undefined) lines.unshift(`  ${style.cyan('Try')}   ./goldsmith boot ${safeLine(first.path)}`);
  return `\n${lines.join('\n')}\n`;
}
