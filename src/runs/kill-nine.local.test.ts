/**
 * `kill -9` at everything that happens in a run: once of the process that executes it, once of the whole service.
 * Afterwards the run has ended, each target has at most one image, and nothing else of it is left.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { startProcess } from '../host/command.ts';
import { readOwner } from '../host/journal/journal.ts';
import { openImageStore } from '../images/store/image-store.ts';
import { testHome } from './testing/test-runs.ts';
import type { ToldRun } from './testing/doomed-service.ts';

let root: string;
before(() => {
  root = mkdtempSync(join(tmpdir(), 'goldsmith-kill-'));
});
after(() => rmSync(root, { recursive: true }));

/** Starts the service; gives what it told, and how it ended. */
async function live(
  victim: 'self' | 'executor' | 'nobody',
  first: number,
  count: number,
): Promise<{ told: readonly ToldRun[]; signal: string | null }> {
  const program = join(import.meta.dirname, 'testing', 'doomed-service.ts');
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
function checkNothingLeft(run: ToldRun): void {
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

/** What happens in a run that nobody disturbs. */
async function undisturbed(): Promise<readonly string[]> {
  const { told } = await live('nobody', 0, 1);
  assert.equal(told[0]?.state, 'Succeeded', told[0]?.message);
  checkNothingLeft(told[0]);
  const { events } = told[0];
  assert.ok(events.length > 30 && events.includes('delivered'), events.join(', '));
  return events;
}

test('the death of the executing process at any moment leaves nothing, and the run goes on', async () => {
  const moments = (await undisturbed()).length;
  const { told } = await live('executor', 0, moments);
  assert.equal(told.length, moments);
  for (const run of told) {
    checkNothingLeft(run);
    assert.equal(run.state, 'Succeeded', `${run.name}: ${run.message} after ${run.events.join(', ')}`);
    assert.equal(run.operation, 'Succeeded');
  }
  const restarted = told.filter(({ events }) => events.filter((name) => name === 'claimed').length > 1);
  assert.ok(restarted.length > moments / 2, `${restarted.length} of ${moments} runs were begun again`);
});

test('the death of the service at any moment leaves nothing, and the next one goes on', async () => {
  const moments = (await undisturbed()).length;
  const told: ToldRun[] = [];
  for (let moment = 0; moment < moments; moment += 1) {
    const life = await live('self', moment, 1);
    assert.equal(life.signal, 'SIGKILL', `it was to die at ${moment}`);
    told.push(...life.told);
  }
  const last = await live('nobody', 1, 1);
  told.push(...last.told);
  const doomed = told.filter(({ name }) => name.startsWith('self-'));
  for (const run of doomed) {
    checkNothingLeft(run);
    assert.equal(run.state, 'Succeeded', `${run.name}: ${run.message} after ${run.events.join(', ')}`);
    assert.equal(run.operation, 'Succeeded');
  }
  // the last moment is after the end of the run: nobody tells of that one
  assert.ok(doomed.length >= moments - 1, `${doomed.length} of ${moments} were told`);
});
