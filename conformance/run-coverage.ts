/** `npm run coverage`: runs the suite, then writes docs/reference/coverage.md from what clients asked. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../src/host/command.ts';
import { startTestService } from '../src/server/testing/started-service.ts';
import { coveragePage, measureCoverage, nameOf, notCoveredIn } from './coverage-page.ts';
import { readRequests, recordVariable } from './recorded-requests.ts';

const root = join(import.meta.dirname, '..');
const pagePath = join(root, 'docs', 'reference', 'coverage.md');
const folder = mkdtempSync(join(tmpdir(), 'goldsmith-coverage-'));
const requestsPath = join(folder, 'requests.jsonl');
try {
  const { exitCode } = await runCommand([join(root, 'tools', 'test'), 'local', 'conformance/'], {
    env: { [recordVariable]: requestsPath },
    okExitCodes: [0, 1],
    onOutput: (_stream, chunk) => process.stderr.write(chunk),
  });
  await using started = await startTestService();
  const covered = measureCoverage(started.service.operations, readRequests(requestsPath));
  const before = existsSync(pagePath) ? notCoveredIn(readFileSync(pagePath, 'utf8')) : undefined;
  const lost = covered
    .filter(({ clients }) => clients.size === 0)
    .map(({ operation }) => nameOf(operation))
    .filter((name) => before !== undefined && !before.has(name));
  for (const name of lost) process.stderr.write(`Not covered any more, or new without cover: ${name}\n`);
  if (lost.length === 0) writeFileSync(pagePath, coveragePage(covered));
  process.exitCode = exitCode === 0 && lost.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
