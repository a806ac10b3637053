/** `./goldsmith doctor`: is this machine ready to build, and what to do when it is not. */
import type { Command } from 'commander';
import { installPlan, type DoctorItem, type DoctorReport } from '../../host/doctor/report.ts';
import { examples, jsonOption, runCommandBody, type CommandContext } from '../command-context.ts';
import { exitCodes } from '../exit-codes.ts';
import { styleOf } from '../io.ts';
import { cellWidth, padCells } from '../render/cell-width.ts';
import { safeJson, safeLine } from '../render/safe-text.ts';
import type { Style } from '../render/style.ts';

interface DoctorOptions {
  readonly install?: boolean;
  readonly json?: boolean;
}

/** Some things can only be seen to be missing once the first round has installed others. */
const INSTALL_ROUNDS = 2;

export function addDoctorCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('doctor')
    .summary('check this machine, install what is missing')
    .description(
      'Checks everything a build needs on this machine and says what to do about what is missing. Changes nothing without --install.',
    )
    .option('--install', 'install what is missing, as root or through sudo (Debian, Ubuntu)')
    .addOption(jsonOption())
    .action(async (options: DoctorOptions) =>
      runCommandBody(context, () => doctor(context, options), options),
    );
  examples(command, ['./goldsmith doctor', './goldsmith doctor --install']);
}

async function doctor(context: CommandContext, options: DoctorOptions): Promise<number> {
  const { io, ports, cancellation } = context;
  const narrated = options.json === true ? io.stderr : io.stdout;
  const report =
    options.install === true
      ? await installWhatIsMissing(context, (line) => narrated.write(`${safeLine(line)}\n`))
      : await ports.host.check(cancellation.signal);
  io.stdout.write(
    options.json === true ? `${safeJson(report)}\n` : doctorText(report, styleOf(io, io.stdout)),
  );
  return report.ready ? exitCodes.ok : exitCodes.hostNotReady;
}

/** Installs until nothing is left that can be installed; the report of the machine afterwards. */
export async function installWhatIsMissing(
  context: CommandContext,
  say: (line: string) => void,
): Promise<DoctorReport> {
  const { ports, cancellation } = context;
  let report = await ports.host.check(cancellation.signal);
  for (let round = 0; round < INSTALL_ROUNDS && installPlan(report).length > 0; round += 1) {
    await ports.host.install(report, say, cancellation.signal);
    report = await ports.host.check(cancellation.signal);
  }
  return report;
}

/** Lines for a person; ends with a line end. */
export function doctorText(report: DoctorReport, style: Style): string {
  const width = Math.max(...report.items.map((item) => cellWidth(item.title)));
  const lines = report.items.flatMap((item) => itemLines(item, width, style));
  const plan = installPlan(report);
  if (plan.length > 0) {
    lines.push(
      '',
      `${style.bold('./goldsmith doctor --install')} would:`,
      ...plan.map((act) => `  - ${safeLine(act)}`),
    );
  }
  const verdict = report.ready
    ? style.green('This machine is ready to build.')
    : style.red('This machine is not ready to build.');
  return `${[...lines, '', verdict].join('\n')}\n`;
}

function itemLines(item: DoctorItem, width: number, style: Style): string[] {
  const line = `${mark(item, style)} ${padCells(safeLine(item.title), width)}  ${style.dim(safeLine(item.found))}`;
  if (item.remedy?.kind !== 'manual') return [line];
  return [line, `${' '.repeat(width + 4)}${style.cyan(safeLine(item.remedy.text))}`];
}

function mark(item: DoctorItem, style: Style): string {
  if (item.state === 'ok') return style.green(style.marks.done);
  return item.state === 'warning' ? style.yellow(style.marks.warning) : style.red(style.marks.failed);
}
