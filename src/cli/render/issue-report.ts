/** What is wrong with a template, all of it, in a shape people can work down. */
import type { Issue } from '../../model/issue.ts';
import { safeLine } from './safe-text.ts';
import type { Style } from './style.ts';

/** Longest offending value shown; a whole script does not help. */
const VALUE_LENGTH = 100;

export interface TemplateFindings {
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

/** Lines for a person; ends with a line end. */
export function issueReport(file: string, findings: TemplateFindings, style: Style): string {
  const { issues, warnings } = findings;
  const count = issues.length === 1 ? '1 problem' : `${issues.length} problems`;
  const head = `${style.red(style.marks.failed)} ${style.bold(safeLine(file))}: ${count}`;
  const texts = [
    ...issues.map((issue) => issueText(issue, style)),
    ...warnings.map((one) => warningText(one, style)),
  ];
  return `${head}\n${texts.map((text) => `\n${text}`).join('')}`;
}

/** One warning about a template that is valid all the same; ends with a line end. */
export function warningText(warning: Issue, style: Style): string {
  const mark = style.yellow(`${style.marks.warning} warning`);
  return `  ${mark}  ${style.cyan(safeLine(warning.path))}\n    ${safeLine(warning.message)}\n`;
}

function issueText(issue: Issue, style: Style): string {
  const lines = [
    `  ${style.cyan(safeLine(issue.path))}  ${style.dim(`[${safeLine(issue.code)}]`)}`,
    `    ${safeLine(issue.message)}`,
  ];
  if (issue.value !== undefined) lines.push(`    ${style.dim('found')}     ${shownValue(issue.value)}`);
  if (issue.expected !== undefined) lines.push(`    ${style.dim('expected')}  ${safeLine(issue.expected)}`);
  if (issue.suggestion !== undefined && !issue.message.includes(issue.suggestion)) {
    lines.push(`    ${style.dim('did you mean')} ${style.green(safeLine(issue.suggestion))}?`);
  }
  return `${lines.join('\n')}\n`;
}

function shownValue(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return safeLine(text.length > VALUE_LENGTH ? `${text.slice(0, VALUE_LENGTH)}…` : text);
}
