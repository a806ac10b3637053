/** `restartTimeout`: magnitude and unit, `5m`, `2h`, `90s`, also joined as in `1h30m` (reference 1.6). */
import { textOrEmpty } from '../scalars.ts';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const whole = /^(?:\d{1,6}(?:ms|s|m|h)){1,4}$/;
const part = /(\d+)(ms|s|m|h)/g;

export const restartTimeout = textOrEmpty({
  expected: "a time above zero such as '5m', '2h' or '30s'",
  accepts: (value) => parseRestartTimeout(value) !== undefined,
});

/** Milliseconds, or undefined when `value` is no time above zero. */
export function parseRestartTimeout(value: string): number | undefined {
  if (!whole.test(value)) return undefined;
  let totalMs = 0;
  for (const [, magnitude, unit] of value.matchAll(part))
    totalMs += Number(magnitude) * (unitMs[unit ?? ''] ?? 0);
  return totalMs > 0 ? totalMs : undefined;
}
