/** What tests of sudden deaths do with the doomed service, and what must hold whenever a run has ended. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startProcess } from '../../host/command.ts';
import { readOwner } from '../../host/journal/journal.ts';
import { openImageStore } from '../../images/store/image-store.ts';
import type { ToldRun } from './doomed-service.ts';
import { testHome } from './test-runs.ts';

/** A folder that lives as long as `use`. */
export async function withFolder(use: (root: string) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'goldsmith-kill-'));
  try {
    await use(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** Starts the service; gives what it told, and how it ended. */
export async function live(
  root: string,
  victim: 'self' | 'executor' | 'nobody',
  first: number,
  count: number,
): Promise<{ told: readonly ToldRun[]; signal: string | null }> {
  const program = join(import.meta.dirname, 'doomed-service.ts');
  const child = startProcess([process.execPath, program, root, victim, String(first), String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  assert.ok(child.stdout);
  const gone = once(child, 'exit');
  const told: ToldRun[] = [];
  for await (const line of createInterface({ input: child.stdout })) told.push(JSON.parse(line));
  const [code, signal] = await gone;
  assert.ok(code === 0 || signal === 'SIGKILL', `the service ended with ${String(code)}`);
  return { told, signal: signal === null ? null : String(signal) };
}

/** Whatever became of a run, this holds. */
export function checkNothingLeft(root: string, run: ToldRun): void {
  const home = testHome(root);
  const folder = join(home.runs, run.runId);
  const say = `${run.name}: ${run.state} ${run.message} after ${run.events.join(', ')}`;
  assert.deepEqual(run.left, [], say);
  assert.deepEqual(processesOf(home.root), [], say);
  assert.equal(existsSync(join(folder, 'work')), false, say);
  assert.equal(existsSync(join(folder, 'service')), false, say);
  assert.notEqual(readOwner(folder)?.state, 'active', say);
  using images = openImageStore(home);
  const published = images.list().filter(({ origin }) => origin.runId === run.runId);
  assert.ok(published.length <= 1, `${say}: ${published.length} gallery versions`);
  assert.equal(
    run.outputs.includes('gallery'),
    published.length === 1,
    `${say}: what is published and what clients see are the same`,
  );
  const log = join(root, 'accounts/stagingtests/packerlogs', run.runId, 'customization.log');
  if (existsSync(join(folder, 'customization.log'))) {
    assert.equal(readFileSync(log, 'utf8'), readFileSync(join(folder, 'customization.log'), 'utf8'), say);
  }
}

/** Processes of executors: only they have the home in their environment. */
function processesOf(homeRoot: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(homeRoot);
    } catch {
      return false;
    }
  });
}

/** What happens in a run that nobody disturbs; not in the first of a home, whose machine those behind it start from. */
export async function undisturbed(root: string): Promise<readonly string[]> {
  const { told } = await live(root, 'nobody', 0, 2);
  for (const run of told) {
    assert.equal(run.state, 'Succeeded', run.message);
    checkNothingLeft(root, run);
  }
  const events = told.at(-1)?.events ?? [];
  assert.ok(events.length > 25 && events.includes('delivered'), events.join(', '));
  return events;
}

/**
 * A run that was cut off goes on to its end. Only between its two targets it stops: a gallery version is published
 * once, so the build is not begun again.
 */
export function checkWentOn(run: ToldRun): void {
  const say = `${run.name}: ${run.message} after ${run.events.join(', ')}`;
  if (run.state === 'PartiallySucceeded') {
    assert.deepEqual(run.outputs, ['gallery'], say);
    assert.match(run.message, /died before it had distributed to this target/, say);
    assert.equal(run.operation, 'Failed', say);
    return;
  }
  assert.equal(run.state, 'Succeeded', say);
  assert.equal(run.operation, 'Succeeded', say);
  assert.deepEqual(run.outputs, ['disk', 'gallery'], say);
}
