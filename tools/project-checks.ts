/** The checks that need no test runner: format, lint, types, unused code, shell syntax. Each is one command. */
import { join } from 'node:path';
import { isGoldsmithError } from '../src/model/errors.ts';
import { runCommand } from '../src/host/command.ts';

const root = join(import.meta.dirname, '..');
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);

export interface ProjectCheck {
  readonly name: string;
  readonly argv: readonly string[];
  /** What to type when it fails. */
  readonly remedy?: string;
}

export const projectChecks: readonly ProjectCheck[] = [
  { name: 'types', argv: [process.execPath, bin('tsc'), '-p', root] },
  { name: 'lint', argv: [process.execPath, bin('oxlint'), '--type-aware', 'src', 'tools', 'conformance'] },
  {
    name: 'format',
    argv: [process.execPath, bin('oxfmt'), '--check', 'src', 'tools', 'conformance'],
    remedy: 'node_modules/.bin/oxfmt src tools conformance',
  },
  { name: 'unused code', argv: [process.execPath, bin('knip')] },
  {
    name: 'shell syntax',
    argv: ['bash', '-n', 'goldsmith', 'tools/node', 'tools/check', 'tools/test', '.ci/run'],
  },
  {
    name: 'architecture',
    argv: [process.execPath, '--test', '--test-reporter=spec', 'src/architecture.test.ts'],
  },
];

export interface CheckResult {
  readonly check: ProjectCheck;
  readonly passed: boolean;
  /** What the command printed. */
  readonly output: string;
  readonly durationMs: number;
}

/** Runs one check. @throws GoldsmithError `Cancelled`. */
export async function runCheck(check: ProjectCheck, signal: AbortSignal): Promise<CheckResult> {
  const startedAt = performance.now();
  let output = '';
  let passed = true;
  try {
    await runCommand(check.argv, {
      signal,
      cwd: root,
      onOutput: (_stream, chunk) => (output += chunk.toString('utf8')),
    });
  } catch (error) {
    if (!isGoldsmithError(error, 'CommandFailed')) throw error;
    passed = false;
    if (output === '') output = error.message;
  }
  return { check, passed, output, durationMs: performance.now() - startedAt };
}
