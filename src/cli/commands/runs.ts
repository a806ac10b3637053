/** `./goldsmith runs`: what was built when, how it ended, and what it printed. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { formatBytes, formatDuration } from '../../model/sizes.ts';
import type { RunRecord } from '../../model/run.ts';
import { examples, jsonOption, runCommandBody, type CommandContext } from '../command-context.ts';
import { exitCodes } from '../exit-codes.ts';
import { followLog } from '../follow-log.ts';
import { styleOf } from '../io.ts';
import { endedStepLine } from '../render/frame.ts';
import { runDurationMs, runSummary } from '../render/run-summary.ts';
import { safeJson, safeLine } from '../render/safe-text.ts';
import { table } from '../render/table.ts';

interface JsonOptions {
  readonly json?: boolean;
}

const RUN = 'run id, a beginning of it, or `latest`';

export function addRunsCommand(program: Command, context: CommandContext): void {
  const runs = program
    .command('runs')
    .summary('list, show and remove runs, read their logs')
    .description('The record of every build on this machine.')
    .helpCommand(false);
  runs
    .command('list')
    .alias('ls')
    .description('Lists runs, newest first.')
    .addOption(jsonOption())
    .action(async (options: JsonOptions) => runCommandBody(context, () => list(context, options), options));
  runs
    .command('show')
    .description('Shows the steps of a run with their times, its result and its artifacts.')
    .argument('<run>', RUN)
    .addOption(jsonOption())
    .action(async (run: string, options: JsonOptions) =>
      runCommandBody(context, () => show(context, run, options), options),
    );
  const logs = runs
    .command('logs')
    .description('Prints the log of a run: the customization log, then the validation log if it validated.')
    .argument('<run>', RUN)
    .option('-f, --follow', 'keep printing until the run ends')
    .action(async (run: string, options: { follow?: boolean }) =>
      runCommandBody(context, () => printLogs(context, run, options.follow === true)),
    );
  runs
    .command('rm')
    .description('Removes runs that are over, with their logs and kept machines. What they built stays.')
    .argument('<run...>', RUN)
    .action(async (ids: string[]) => runCommandBody(context, () => remove(context, ids)));
  examples(logs, ['./goldsmith runs logs latest', './goldsmith runs logs -f latest']);
  examples(runs, [
    './goldsmith runs list',
    './goldsmith runs show latest',
    './goldsmith runs logs -f latest',
  ]);
}

async function list(context: CommandContext, options: JsonOptions): Promise<number> {
  const { io, ports } = context;
  const records = await ports.runs.list();
  if (options.json === true) {
    io.stdout.write(`${safeJson(records)}\n`);
  } else if (records.length === 0) {
    io.stdout.write('There are no runs yet.\n');
  } else {
    const rows = records.map((record) => {
      const duration = runDurationMs(record);
      return [
        record.runId,
        record.templateName,
        record.state,
        `${record.startTime.slice(0, 16).replace('T', ' ')}Z`,
        duration === undefined ? '' : formatDuration(duration),
      ];
    });
    io.stdout.write(table(['RUN', 'TEMPLATE', 'STATE', 'STARTED', 'TOOK'], rows, styleOf(io, io.stdout)));
  }
  return exitCodes.ok;
}

async function show(context: CommandContext, id: string, options: JsonOptions): Promise<number> {
  const { io, ports } = context;
  const record = await ports.runs.find(id);
  if (options.json === true) {
    io.stdout.write(`${safeJson(record)}\n`);
    return exitCodes.ok;
  }
  const style = styleOf(io, io.stdout);
  const { columns } = io.stdout.size();
  io.stdout.write(record.steps.map((step) => `${endedStepLine(stepOf(step), columns, style)}\n`).join(''));
  for (const warning of record.warnings) {
    io.stdout.write(`${style.yellow(`${style.marks.warning} warning:`)} ${safeLine(warning)}\n`);
  }
  io.stdout.write(runSummary(record, undefined, style));
  return exitCodes.ok;
}

function stepOf(step: RunRecord['steps'][number]): Parameters<typeof endedStepLine>[0] {
  return {
    id: step.id,
    title: safeLine(step.title),
    state: step.state,
    startedAt: Date.parse(step.startedAt),
    durationMs: step.durationMs,
    message: step.message === undefined ? undefined : safeLine(step.message),
    tail: [],
    progress: undefined,
  };
}

async function remove(context: CommandContext, ids: readonly string[]): Promise<number> {
  const { io, ports, cancellation } = context;
  for (const id of ids) {
    const { runId } = await ports.runs.find(id);
    const freedBytes = await ports.cleaning.removeRun(runId, cancellation.signal);
    io.stdout.write(`Removed run ${runId} (${formatBytes(freedBytes)} freed)\n`);
  }
  return exitCodes.ok;
}

async function printLogs(context: CommandContext, id: string, follow: boolean): Promise<number> {
  const { io, ports, cancellation } = context;
  const record = await ports.runs.find(id);
  const print = (line: string): void => io.stdout.write(`${safeLine(line)}\n`);
  const isOver = async (): Promise<boolean> => !follow || !isUnderWay(await ports.runs.find(record.runId));
  const folder = dirname(record.logPath);
  const validation = join(folder, 'validation.log');
  // Once there is a validation log everything goes there: nothing is added to the customization log any more.
  await followLog(
    { path: record.logPath, folder, isOver: async () => existsSync(validation) || (await isOver()) },
    print,
    cancellation.signal,
  );
  if (existsSync(validation)) {
    await followLog({ path: validation, folder, isOver }, print, cancellation.signal);
  }
  return exitCodes.ok;
}

function isUnderWay(record: RunRecord): boolean {
  return record.state === 'Running' || record.state === 'Canceling';
}
