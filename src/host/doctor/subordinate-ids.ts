/** The ranges of /etc/subuid and /etc/subgid, subuid(5): `user:first:count` a line. */
import { SUBORDINATE_IDS } from './host-needs.ts';

export interface IdRange {
  readonly user: string;
  readonly first: number;
  readonly count: number;
}

/** Lowest id that distributions hand out, SUB_UID_MIN of login.defs(5). */
const LOWEST = 100_000;

/** The ranges in `text`; lines that are not ranges are ignored, as the tools do. */
export function parseIdRanges(text: string): readonly IdRange[] {
  return text.split('\n').flatMap((line) => {
    const [user = '', first = '', count = ''] = line.trim().split(':');
    return user !== '' && /^\d+$/.test(first) && /^\d+$/.test(count)
      ? [{ user, first: Number(first), count: Number(count) }]
      : [];
  });
}

/** True when `user` (by name or number) has enough ids in one range. */
export function hasEnoughIds(ranges: readonly IdRange[], names: readonly string[]): boolean {
  return ranges.some(({ user, count }) => names.includes(user) && count >= SUBORDINATE_IDS);
}

/** First id of a range of `SUBORDINATE_IDS` that overlaps none of `ranges`. */
export function freeRangeStart(ranges: readonly IdRange[]): number {
  let start = LOWEST;
  for (const { first, count } of ranges.toSorted((a, b) => a.first - b.first)) {
    if (first >= start + SUBORDINATE_IDS) break;
    start = Math.max(start, first + count);
  }
  return start;
}
