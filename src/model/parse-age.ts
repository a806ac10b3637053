/** Spans of time as people type them. */

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds in a text such as `30m`, `12h` or `7d`; undefined when it is none. */
export function parseAge(text: string): number | undefined {
  const match = /^(\d+)([dhm])$/.exec(text);
  const unit = UNITS_MS[match?.[2] ?? ''];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}
