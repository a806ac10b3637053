/** What one build of the reference template cost, whoever did it. Times in milliseconds. */

export interface Phase {
  readonly name: string;
  readonly durationMs: number;
  /** The user's own scripts; everything else is overhead. */
  readonly isUserScript: boolean;
}

export interface Measurement {
  readonly totalMs: number;
  readonly phases: readonly Phase[];
}

/** All that is not the user's scripts. */
export function overheadMs(measurement: Measurement): number {
  const scripts = measurement.phases.filter((phase) => phase.isUserScript);
  return measurement.totalMs - scripts.reduce((sum, phase) => sum + phase.durationMs, 0);
}

/** The middle of an odd number of values; the mean of the two middle ones otherwise. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/** The run whose total is the median (the lower middle one of an even number), for showing its phases. */
export function medianRun(runs: readonly Measurement[]): Measurement | undefined {
  return [...runs].sort((a, b) => a.totalMs - b.totalMs)[Math.floor((runs.length - 1) / 2)];
}
