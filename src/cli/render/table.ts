/** Columns for lists: as wide as their content, two spaces apart; the last column may run on. */
import { cellWidth, padCells } from './cell-width.ts';
import { safeLine } from './safe-text.ts';
import type { Style } from './style.ts';

/** Rows of text under a dim heading; ends with a line end. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  style: Style,
): string {
  const safe = rows.map((row) => row.map(safeLine));
  const widths = headings.map((heading, column) =>
    Math.max(cellWidth(heading), ...safe.map((row) => cellWidth(row[column] ?? ''))),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : padCells(cell, widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return `${[style.dim(line(headings)), ...safe.map(line)].join('\n')}\n`;
}

/** `name  value` pairs, names aligned; ends with a line end. */
export function facts(pairs: readonly (readonly [string, string])[], style: Style): string {
  const width = Math.max(...pairs.map(([name]) => cellWidth(name)));
  return pairs.map(([name, value]) => `${style.dim(padCells(name, width))}  ${safeLine(value)}\n`).join('');
}
