/** `./goldsmith validate`: every problem of every template at once, without building anything. */
import type { Command } from 'commander';
import type { ImageTemplate } from '../../model/image-template.ts';
import { examples, jsonOption, runCommandBody, type CommandContext } from '../command-context.ts';
import { exitCodes } from '../exit-codes.ts';
import { styleOf } from '../io.ts';
import type { TemplateOutcome } from '../ports.ts';
import { readTemplate } from '../read-template.ts';
import { issueReport, warningText } from '../render/issue-report.ts';
import { safeJson, safeLine } from '../render/safe-text.ts';
import type { Style } from '../render/style.ts';

interface ValidateOptions {
  readonly apiVersion?: string;
  readonly json?: boolean;
}

export function addValidateCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('validate')
    .summary('check templates and list every problem')
    .description(
      'Checks image templates and lists every problem with its place, the value found and what was expected. Nothing is built.',
    )
    .argument('<template...>', 'template files; - is standard input')
    .option('--api-version <version>', 'check against this api-version instead of the one in the file')
    .addOption(jsonOption())
    .action(async (paths: string[], options: ValidateOptions) =>
      runCommandBody(context, () => validate(context, paths, options), options),
    );
  examples(command, [
    './goldsmith validate template.json',
    './goldsmith validate --api-version 2022-07-01 templates/*.json',
    'az image builder show -g rg -n web -o json | ./goldsmith validate - --json',
  ]);
}

async function validate(
  context: CommandContext,
  paths: readonly string[],
  options: ValidateOptions,
): Promise<number> {
  const { io, ports } = context;
  const checked: { path: string; outcome: TemplateOutcome }[] = [];
  for (const path of paths) {
    checked.push({
      path,
      outcome: await readTemplate(io, ports.templates, path, options),
    });
  }
  const valid = checked.every(({ outcome }) => outcome.valid);
  if (options.json === true) {
    const templates = checked.map(({ path, outcome }) =>
      outcome.valid
        ? { path, valid: true, apiVersion: outcome.apiVersion, issues: [], warnings: outcome.warnings }
        : { path, valid: false, issues: outcome.issues, warnings: outcome.warnings },
    );
    io.stdout.write(`${safeJson({ valid, templates })}\n`);
  } else {
    const style = styleOf(io, io.stdout);
    io.stdout.write(checked.map(({ path, outcome }) => outcomeText(path, outcome, style)).join('\n'));
  }
  return valid ? exitCodes.ok : exitCodes.badTemplate;
}

function outcomeText(path: string, outcome: TemplateOutcome, style: Style): string {
  const shown = path === '-' ? 'standard input' : path;
  if (!outcome.valid) return issueReport(shown, outcome, style);
  const facts = [`api-version ${outcome.apiVersion}`, ...contents(outcome.template)].join(', ');
  const head = `${style.green(style.marks.done)} ${style.bold(safeLine(shown))} is valid ${style.dim(`(${facts})`)}\n`;
  return head + outcome.warnings.map((warning) => warningText(warning, style)).join('');
}

function contents(template: ImageTemplate): string[] {
  const count = (many: number, one: string): string => `${many} ${one}${many === 1 ? '' : 's'}`;
  return [
    count(template.customize.length, 'customizer'),
    count(template.validate?.inVMValidations.length ?? 0, 'validator'),
    count(template.distribute.length, 'target'),
  ];
}
