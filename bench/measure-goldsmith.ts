/** Builds a template with Goldsmith, from the command line as a person would. */
import { join } from 'node:path';
import * as z from 'zod';
import { runCommand } from '../src/host/command.ts';
import type { Measurement } from './measurement.ts';
import { watchDescendants, type Usage } from './watch-processes.ts';

const recordSchema = z.object({
  state: z.string(),
  message: z.string(),
  steps: z.array(z.object({ id: z.string(), title: z.string(), state: z.string(), durationMs: z.number() })),
});

const cacheSchema = z.object({ totalBytes: z.number() });

const program = join(import.meta.dirname, '..', 'goldsmith');

export interface GoldsmithMeasurement extends Measurement, Usage {
  /** All that is kept for later builds when this one is over, bytes. */
  readonly cacheBytes: number;
  /** From the decision to start a machine to its first command, milliseconds; undefined when there was none. */
  readonly readyMs: number | undefined;
}

/**
 * @param options of `goldsmith build`.
 * @throws when the build does not succeed.
 */
export async function measureGoldsmith(
  template: string,
  options: readonly string[],
  signal: AbortSignal,
): Promise<GoldsmithMeasurement> {
  const watch = watchDescendants();
  const started = performance.now();
  const { stdout } = await runCommand([program, 'build', template, '--json', ...options], {
    signal,
    okExitCodes: [0, 1, 2, 3, 4, 5, 6, 7],
  });
  const totalMs = performance.now() - started;
  const usage = watch.stop();
  const record = recordSchema.parse(JSON.parse(stdout));
  if (record.state !== 'Succeeded')
    throw new Error(`Goldsmith's build ended ${record.state}: ${record.message}`);
  const steps = record.steps.filter(({ state }) => state !== 'skipped');
  const phases = steps.map(({ id, title, durationMs }) => ({
    name: title,
    durationMs,
    isUserScript: id.startsWith('customize['),
  }));
  const known = phases.reduce((sum, phase) => sum + phase.durationMs, 0);
  return {
    ...{ totalMs, ...usage },
    phases: [
      ...phases,
      {
        name: 'Start and end of the program, keeping the machine',
        durationMs: totalMs - known,
        isUserScript: false,
      },
    ],
    cacheBytes: await cacheBytes(signal),
    readyMs: steps.find(({ id }) => id === 'wake' || id === 'boot')?.durationMs,
  };
}

/** Forgets everything that builds have kept; images and downloads stay. */
export async function emptyCache(signal: AbortSignal): Promise<void> {
  await runCommand([program, 'cache', 'prune', '--all'], { signal });
}

async function cacheBytes(signal: AbortSignal): Promise<number> {
  const { stdout } = await runCommand([program, 'cache', 'list', '--json'], { signal });
  return cacheSchema.parse(JSON.parse(stdout)).totalBytes;
}
