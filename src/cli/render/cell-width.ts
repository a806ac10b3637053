/** How many terminal cells text takes, and cutting it to fit. */

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const PLAIN = /^[\u0020-\u007E]*$/;
const ZERO_WIDTH = /^(?:\p{M}|\p{Cf})+$/u;
/** East Asian wide and fullwidth blocks (Unicode Standard Annex 11), and pictures. */
const WIDE =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]|^\p{Emoji_Presentation}/u;

/** Width of printable text (no escape sequences) in cells. */
export function cellWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** `text` when it fits in `cells`, else its beginning and `…`. */
export function fitCells(text: string, cells: number): string {
  if (cellWidth(text) <= cells) return text;
  if (cells < 1) return '';
  let kept = '';
  let width = 0;
  for (const { segment } of segmenter.segment(text)) {
    width += graphemeWidth(segment);
    if (width > cells - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** Pads with spaces on the right up to `cells`. */
export function padCells(text: string, cells: number): string {
  return text + ' '.repeat(Math.max(0, cells - cellWidth(text)));
}

function graphemeWidth(segment: string): number {
  if (ZERO_WIDTH.test(segment)) return 0;
  return WIDE.test(segment) ? 2 : 1;
}
