/** `docs/reference/cli.md`, made from the command tree and the exit code table so that it cannot be wrong. */
import type { Argument, Command, Option } from 'commander';
import { errorCodesOf, exitCodes, exitMeanings, exitNames } from './exit-codes.ts';
import { environmentHelp } from './program.ts';

/** The whole page in Markdown; ends with a line end. */
export function referencePage(program: Command): string {
  const sections = [
    '# Command line',
    'Made from the program itself by `tools/node src/cli/write-reference.ts`; a test keeps it up to date.',
    program.description(),
    ...program.commands
      .filter((command) => command.name() !== 'help')
      .flatMap((command) => commandSections(command, '')),
    '## Environment',
    table(
      ['Variable', 'Meaning'],
      environmentHelp.map(([name, meaning]) => [code(name), meaning]),
    ),
    '## Exit codes',
    table(
      ['Code', 'Meaning', 'Errors'],
      exitNames.map((name) => [
        String(exitCodes[name]),
        exitMeanings[name],
        errorCodesOf(name).map(code).join(', '),
      ]),
    ),
    'With `--command`, `boot` and `shell` exit with the exit code of that command.',
    '## Signals',
    'The first Ctrl-C (or SIGTERM, or SIGHUP) cancels: the step under way stops, everything made so far is undone, and the exit code is 130. A second one ends the process at once; the kernel ends every program it started, and the next run (or `clean`) takes away what is left.',
  ];
  return `${sections.join('\n\n')}\n`;
}

function commandSections(command: Command, parents: string): string[] {
  const path = `${parents}${command.name()}`;
  const children = command.commands.flatMap((child) => commandSections(child, `${path} `));
  const heading = parents === '' ? '##' : '###';
  return [
    `${heading} ${path}`,
    command.description(),
    fenced(`goldsmith ${path}${usageOf(command)}`),
    ...argumentTable(command),
    ...optionTable(command),
    ...exampleSection(command),
    ...children,
  ];
}

function usageOf(command: Command): string {
  const usage = command.usage();
  return usage === '' ? '' : ` ${usage}`;
}

function argumentTable(command: Command): string[] {
  const rows = command.registeredArguments.map((argument: Argument) => [
    code(argument.name()),
    argument.description,
  ]);
  return rows.length === 0 ? [] : [table(['Argument', 'Meaning'], rows)];
}

function optionTable(command: Command): string[] {
  const rows = command.options
    .filter((option) => !option.hidden)
    .map((option) => [code(option.flags), optionText(option)]);
  return rows.length === 0 ? [] : [table(['Option', 'Meaning'], rows)];
}

function optionText(option: Option): string {
  const facts = [
    ...(option.mandatory ? ['required'] : []),
    ...(option.argChoices === undefined ? [] : [option.argChoices.map(code).join(', ')]),
    ...defaultOf(option),
  ];
  const text = facts.length === 0 ? option.description : `${option.description} (${facts.join('; ')})`;
  return text.replaceAll('<', '&lt;');
}

function defaultOf(option: Option): string[] {
  if (option.defaultValueDescription !== undefined) return [`default: ${option.defaultValueDescription}`];
  const value: unknown = option.defaultValue;
  return typeof value === 'string' ? [`default: ${code(value)}`] : [];
}

/** Examples are help text added after the options; commander only gives it out by printing. */
function exampleSection(command: Command): string[] {
  const lines: string[] = [];
  command.configureOutput({ writeOut: (text) => lines.push(text) });
  command.outputHelp();
  const [, examples] = lines.join('').split('\nExamples:\n');
  if (examples === undefined) return [];
  return [fenced(examples.trimEnd().replaceAll(/^ {2}/gm, ''))];
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

function fenced(text: string): string {
  return `\`\`\`sh\n${text}\n\`\`\``;
}
