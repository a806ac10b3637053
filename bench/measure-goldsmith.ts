/** Builds the reference template with Goldsmith, from the command line as a person would. */
import { join } from 'node:path';
import * as z from 'zod';
import { runCommand } from '../src/host/command.ts';
import type { Measurement } from './measurement.ts';

const recordSchema = z.object({
  state: z.string(),
  message: z.string(),
  steps: z.array(z.object({ id: z.string(), title: z.string(), durationMs: z.number() })),
});

const root = join(import.meta.dirname, '..');

/** @throws when the build does not succeed. */
export async function measureGoldsmith(outputFolder: string, signal: AbortSignal): Promise<Measurement> {
  const started = performance.now();
  const { stdout } = await runCommand(
    [
      join(root, 'goldsmith'),
      'build',
      join(import.meta.dirname, 'template.json'),
      ...['--output', outputFolder, '--json'],
    ],
    { signal, okExitCodes: [0, 1, 2, 3, 4, 5, 6, 7] },
  );
  const totalMs = performance.now() - started;
  const record = recordSchema.parse(JSON.parse(stdout));
  if (record.state !== 'Succeeded')
    throw new Error(`Goldsmith's build ended ${record.state}: ${record.message}`);
  const phases = record.steps.map(({ id, title, durationMs }) => ({
    name: title,
    durationMs,
    isUserScript: id.startsWith('customize['),
  }));
  const known = phases.reduce((sum, phase) => sum + phase.durationMs, 0);
  return {
    totalMs,
    phases: [
      ...phases,
      { name: 'Start and end of the program', durationMs: totalMs - known, isUserScript: false },
    ],
  };
}
