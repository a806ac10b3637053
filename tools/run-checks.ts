/** `npm run check`: every check, then a summary line; exit code 1 when one failed. */
import { formatDuration } from '../src/model/sizes.ts';
import { projectChecks, runCheck } from './project-checks.ts';

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());

const failed: string[] = [];
for (const check of projectChecks) {
  const result = await runCheck(check, stop.signal);
  process.stdout.write(`${result.passed ? '✔' : '✖'} ${check.name} (${formatDuration(result.durationMs)})\n`);
  if (result.passed) continue;
  failed.push(check.name);
  process.stdout.write(`${result.output.trimEnd()}\n`);
  if (check.remedy !== undefined) process.stdout.write(`To repair: ${check.remedy}\n`);
}
process.stdout.write(
  failed.length === 0
    ? `All ${projectChecks.length} checks passed\n`
    : `${failed.length} of ${projectChecks.length} checks failed: ${failed.join(', ')}\n`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
