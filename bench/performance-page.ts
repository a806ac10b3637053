/** The page of numbers has one part for each benchmark; writing one leaves the others as they are. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const path = join(import.meta.dirname, '..', 'docs', 'reference', 'performance.md');
const parts = ['builds', 'growth', 'disk', 'api'] as const;

export type PagePart = (typeof parts)[number];

/** @param text Markdown, from its second-level heading on. */
export function writePart(part: PagePart, text: string): void {
  const page = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const texts = parts.map((name) => (name === part ? text.trim() : partOf(page, name)));
  const marked = parts.map((name, index) => `${begin(name)}\n\n${texts[index] ?? ''}\n\n${end(name)}`);
  writeFileSync(path, `# Performance\n\n${marked.join('\n\n')}\n`);
}

function partOf(page: string, part: PagePart): string {
  const from = page.indexOf(begin(part));
  const to = page.indexOf(end(part));
  return from < 0 || to < from ? '' : page.slice(from + begin(part).length, to).trim();
}

function begin(part: PagePart): string {
  return `<!-- ${part} -->`;
}

function end(part: PagePart): string {
  return `<!-- end of ${part} -->`;
}
