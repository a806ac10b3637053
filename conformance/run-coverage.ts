/**
 * `npm run coverage`: runs the suite, then writes docs/reference/coverage.md from what clients asked. With the argument
 * `--check <file>` the suite has run already and recorded requests to the file; nothing is written then.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../src/host/command.ts';
import { coveragePage } from './coverage-page.ts';
import { measuredCoverage, pagePath } from './measured-coverage.ts';
import { recordVariable } from './recorded-requests.ts';

const [option, checked] = process.argv.slice(2);
const passed = option === '--check' && checked !== undefined ? await check(checked) : await runAndWrite();
process.exitCode = passed ? 0 : 1;

async function check(requestsPath: string): Promise<boolean> {
  const { lost } = await measuredCoverage(requestsPath);
  tell(lost);
  return lost.length === 0;
}

async function runAndWrite(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'goldsmith-coverage-'));
  const requestsPath = join(folder, 'requests.jsonl');
  try {
    const suite = join(import.meta.dirname, '..', 'tools', 'test');
    const { exitCode } = await runCommand([suite, 'local', 'conformance/'], {
      env: { [recordVariable]: requestsPath },
      okExitCodes: [0, 1],
      onOutput: (_stream, chunk) => process.stderr.write(chunk),
    });
    const { covered, lost } = await measuredCoverage(requestsPath);
    tell(lost);
    if (lost.length > 0 || exitCode !== 0) return false;
    writeFileSync(pagePath, coveragePage(covered));
    return true;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tell(lost: readonly string[]): void {
  for (const name of lost) process.stdout.write(`Not covered any more, or new without cover: ${name}\n`);
}
