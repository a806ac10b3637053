/**
 * `npm test`: the checks, then the suites, then one line `N passed, N failed`. A file belongs to a suite by its
 * name: `*.vm.test.ts` boots machines, `*.local.test.ts` runs tools or uses the loopback, the rest is `unit`.
 */
import { randomUUID } from 'node:crypto';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { recordVariable } from '../conformance/recorded-requests.ts';
import { formatDuration } from '../src/model/sizes.ts';
import { endLeftovers, TEST_RUN_VARIABLE } from './leftovers.ts';
import { prepareHost } from './prepare-host.ts';
import { projectChecks, runCheck } from './project-checks.ts';

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Suite {
  readonly name: 'unit' | 'local' | 'vm';
  readonly owns: (file: string) => boolean;
  /** Test files at once. Machines are emulated on small hosts: more of them at once only time out together. */
  readonly concurrency: number;
  /** For one file. */
  readonly timeoutMs: number;
}

const MINUTE_MS = 60_000;
const suites: readonly Suite[] = [
  {
    name: 'unit',
    owns: (file) => !/\.(local|vm)\.test\.ts$/.test(file),
    concurrency: 4,
    timeoutMs: 2 * MINUTE_MS,
  },
  {
    name: 'local',
    owns: (file) => file.endsWith('.local.test.ts'),
    concurrency: 2,
    timeoutMs: 20 * MINUTE_MS,
  },
  { name: 'vm', owns: (file) => file.endsWith('.vm.test.ts'), concurrency: 2, timeoutMs: 90 * MINUTE_MS },
];

const root = join(import.meta.dirname, '..');
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());

process.exitCode = await main(process.argv[2] ?? 'all', process.argv.slice(3));

/** `wanted`: a suite or `all`; `only`: parts of file names, none for every file. */
async function main(wanted: string, only: readonly string[]): Promise<number> {
  const chosen = suites.filter(({ name }) => wanted === 'all' || wanted === name);
  if (chosen.length === 0) {
    say('usage: tools/test [unit|local|vm|all] [part of a file name]...');
    return 64;
  }
  const token = randomUUID();
  process.env[TEST_RUN_VARIABLE] = token;
  const all: Counts[] = [];
  if (wanted === 'all' && only.length === 0) all.push(await runChecks());
  if (chosen.some(({ name }) => name !== 'unit')) await prepareHost(stop.signal, say);
  for (const suite of chosen) {
    const whole = suite.name === 'local' && only.length === 0;
    all.push(await (whole ? runRecorded(suite) : runSuite(suite, only)));
  }
  all.push(await countLeftovers(token));

  const sum = (key: keyof Counts): number => all.reduce((total, counts) => total + counts[key], 0);
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
  if (stop.signal.aborted) say('Stopped before the end');
  say(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed > 0 || passed === 0 || stop.signal.aborted ? 1 : 0;
}

async function runChecks(): Promise<Counts> {
  say('== checks');
  let failed = 0;
  for (const check of projectChecks) {
    const { passed, output, durationMs } = await runCheck(check, stop.signal);
    say(`${passed ? '✔' : '✖'} ${check.name} (${formatDuration(durationMs)})`);
    if (passed) continue;
    failed += 1;
    say(output.trimEnd());
  }
  return { passed: projectChecks.length - failed, failed, skipped: 0 };
}

async function runSuite(suite: Suite, only: readonly string[]): Promise<Counts> {
  const files = globSync('{src,tools,bench,conformance}/**/*.test.ts', { cwd: root })
    .filter((file) => suite.owns(file))
    .filter((file) => only.length === 0 || only.some((part) => file.includes(part)))
    .toSorted()
    .map((file) => join(root, file));
  say(`== ${suite.name}: ${files.length} files`);
  if (files.length === 0 || stop.signal.aborted) return { passed: 0, failed: 0, skipped: 0 };
  let counts: Counts = { passed: 0, failed: 1, skipped: 0 }; // stands when the runner itself dies
  const events = run({
    files,
    cwd: root,
    concurrency: suite.concurrency,
    timeout: suite.timeoutMs,
    signal: stop.signal,
  });
  events.on('test:summary', (summary) => {
    if (summary.file !== undefined) return;
    const { tests, passed, skipped, todo } = summary.counts;
    counts = { passed, failed: tests - passed - skipped - todo, skipped: skipped + todo };
  });
  const report = events.compose(new spec());
  report.pipe(process.stdout, { end: false });
  await finished(report);
  return counts;
}

/** The whole local suite, and one more test: that clients still drive what the coverage page says they do. */
async function runRecorded(suite: Suite): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'goldsmith-requests-'));
  const requestsPath = join(folder, 'requests.jsonl');
  process.env[recordVariable] = requestsPath;
  try {
    const counts = await runSuite(suite, []);
    if (stop.signal.aborted) return counts;
    const argv = [process.execPath, join(root, 'conformance', 'run-coverage.ts'), '--check', requestsPath];
    const { passed, output } = await runCheck({ name: 'coverage', argv }, stop.signal);
    say(
      passed
        ? '✔ real clients drive all that docs/reference/coverage.md says'
        : `✖ coverage\n${output.trimEnd()}`,
    );
    return {
      ...counts,
      passed: counts.passed + (passed ? 1 : 0),
      failed: counts.failed + (passed ? 0 : 1),
    };
  } finally {
    delete process.env[recordVariable];
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every program that outlived the tests is a failed test. */
async function countLeftovers(token: string): Promise<Counts> {
  const leftovers = await endLeftovers(token);
  for (const commandLine of leftovers) say(`✖ left running by a test: ${commandLine}`);
  if (leftovers.length > 0) return { passed: 0, failed: leftovers.length, skipped: 0 };
  say('✔ no program that the tests started is left running');
  return { passed: 1, failed: 0, skipped: 0 };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
