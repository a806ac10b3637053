/** The times of a benchmark run as a picture: horizontal bars, drawn by hand so that any page can show it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatDuration } from '../src/model/sizes.ts';
import { CASES } from './cases.ts';
import type { CaseSummary } from './report.ts';

/** Beside the page of numbers. */
export const CHART_FILE = 'performance.svg';

const WIDTH = 860;
const LABEL_WIDTH = 330;
const BAR_HEIGHT = 22;
const ROW_HEIGHT = 34;
const TOP = 16;

interface Bar {
  readonly label: string;
  readonly durationMs: number;
  readonly colour: string;
  readonly note: string;
}

export function writeChart(cases: readonly CaseSummary[]): void {
  const path = join(import.meta.dirname, '..', 'docs', 'reference', CHART_FILE);
  writeFileSync(path, chart(cases));
}

export function chart(cases: readonly CaseSummary[]): string {
  const packer = cases[0]?.packerMs ?? 0;
  const bars: readonly Bar[] = [
    { label: 'Packer, always', durationMs: packer, colour: '#9aa0a6', note: '' },
    ...cases.map((item) => ({
      label: `Goldsmith: ${CASES[item.case]}`,
      durationMs: item.goldsmithMs,
      colour: '#c8901e',
      note: `, ${item.ratio.toFixed(1)} times as fast`,
    })),
  ];
  const longest = Math.max(...bars.map(({ durationMs }) => durationMs), 1);
  const height = TOP * 2 + bars.length * ROW_HEIGHT;
  const room = WIDTH - LABEL_WIDTH - 220;
  const rows = bars.map(({ label, durationMs, colour, note }, index) => {
    const y = TOP + index * ROW_HEIGHT;
    const width = Math.max(2, Math.round((durationMs / longest) * room));
    const middle = y + BAR_HEIGHT / 2 + 5;
    return [
      `<text x="${LABEL_WIDTH - 10}" y="${middle}" text-anchor="end">${label}</text>`,
      `<rect x="${LABEL_WIDTH}" y="${y}" width="${width}" height="${BAR_HEIGHT}" rx="3" fill="${colour}"/>`,
      `<text x="${LABEL_WIDTH + width + 8}" y="${middle}">${formatDuration(durationMs)}${note}</text>`,
    ].join('\n');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13" role="img">`,
    '<title>Time of one image build</title>',
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    '<g fill="#202124">',
    ...rows,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}
