/** What is left after `kill -9`: small child programs take resources and die without a word. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { isGoldsmithError } from '../../model/errors.ts';
import { endProcess, startProcess } from '../command.ts';
import { openHome, type Home } from '../home.ts';
import { openJournal, readJournal, readOwner, writeOwner } from './journal.ts';
import { lockPath, takeLock, tryLock } from './locks.ts';
import { identifyProcess, isAlive } from './process-identity.ts';
import { reapAbandoned } from './reaper.ts';

const signal = AbortSignal.timeout(60_000);
const here = JSON.stringify(import.meta.dirname);

async function withHome(use: (home: Home) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'goldsmith-reaper-'));
  try {
    await use(openHome({ GOLDSMITH_HOME: root }));
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** A program that imports the journal room as `room`, has the home folder in `home`, and prints lines. */
function startChild(home: Home, body: string): { child: ChildProcess; line: () => Promise<string> } {
  const program = `
    const load = (file) => import(${here} + '/' + file);
    const { openJournal } = await load('journal.ts');
    const { takeLock, lockPath } = await load('locks.ts');
    const { reapAbandoned } = await load('reaper.ts');
    const { startProcess } = await load('../command.ts');
    const { openHome } = await load('../home.ts');
    const { writeFileSync, mkdirSync } = await import('node:fs');
    const { join } = await import('node:path');
    const home = openHome();
    const signal = new AbortController().signal;
    ${body}`;
  const child = startProcess([process.execPath, '--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { GOLDSMITH_HOME: home.root },
  });
  assert.ok(child.stdout);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, line: async () => String((await lines.next()).value) };
}

async function killNine(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

const BUSY_RUN = `
  const runDir = join(home.runs, 'run-1');
  const journal = openJournal(runDir);
  const work = join(runDir, 'work');
  journal.record({ kind: 'folder', path: work });
  mkdirSync(work);
  const disk = join(work, 'disk.raw');
  journal.record({ kind: 'file', path: disk });
  writeFileSync(disk, 'bytes');
  writeFileSync(join(runDir, 'run.json'), JSON.stringify({ runId: 'run-1', state: 'Running', steps: [1] }));
  const id = journal.record({ kind: 'process', name: 'sleeper' });
  // setsid and a grandchild: out of reach of the parent-death signal, as a daemonized program would be
  const child = startProcess(['sh', '-c', 'setsid sleep 600 & echo $!; wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
  journal.started(id, child.pid);
  child.stdout.on('data', (text) => console.log(String(text).trim()));
`;

test('after kill -9 the next command ends the processes, removes the files and closes the record', async () => {
  await withHome(async (home) => {
    const { child, line } = startChild(home, BUSY_RUN);
    const sleeper = identifyProcess(Number(await line()));
    assert.ok(sleeper);
    assert.deepEqual(await reapAbandoned(home, { signal }), [], 'a living run is left alone');
    await killNine(child);
    assert.ok(isAlive(sleeper), 'the grandchild outlived its parents');

    const said: string[] = [];
    assert.deepEqual(await reapAbandoned(home, { signal, onLine: (text) => said.push(text) }), ['run-1']);
    assert.equal(isAlive(sleeper), false);
    const runDir = join(home.runs, 'run-1');
    assert.equal(existsSync(join(runDir, 'work')), false);
    const record: unknown = JSON.parse(readFileSync(join(runDir, 'run.json'), 'utf8'));
    assert.ok(typeof record === 'object' && record !== null && 'state' in record && 'steps' in record);
    assert.equal(record.state, 'Failed');
    assert.deepEqual(record.steps, [1], 'the rest of the record stays');
    assert.match(said.join('\n'), /Run run-1 was abandoned[\s\S]*Ended sleep[\s\S]*disk\.raw[\s\S]*work/);
    assert.deepEqual(await reapAbandoned(home, { signal }), [], 'the second time there is nothing to do');
  });
});

test('two processes that reap at once clean one run once', async () => {
  await withHome(async (home) => {
    const { child, line } = startChild(home, BUSY_RUN);
    await line();
    await killNine(child);
    const reap = `console.log((await reapAbandoned(home, { signal })).join(','));`;
    const reapers = [startChild(home, reap), startChild(home, reap)];
    const results = await Promise.all(reapers.map(async ({ line }) => line()));
    await Promise.all(reapers.map(async ({ child }) => endProcess(child)));
    assert.deepEqual(results.toSorted(), ['', 'run-1']);
    assert.equal(readOwner(join(home.runs, 'run-1'))?.state, 'ended');
  });
});

test('a run that was kept on purpose is never reaped', async () => {
  await withHome(async (home) => {
    const { child, line } = startChild(home, `${BUSY_RUN}; journal.close('kept');`);
    const sleeper = identifyProcess(Number(await line()));
    assert.ok(sleeper);
    await killNine(child);
    assert.deepEqual(await reapAbandoned(home, { signal }), []);
    assert.ok(existsSync(join(home.runs, 'run-1', 'work', 'disk.raw')));
    process.kill(sleeper.pid, 'SIGKILL');
  });
});

test('a recorded process number that now belongs to somebody else is not killed', async () => {
  await withHome(async (home) => {
    const runDir = join(home.runs, 'run-1');
    const bystander = startProcess(['sleep', '600'], { stdio: 'ignore' });
    assert.ok(bystander.pid);
    const identity = identifyProcess(bystander.pid);
    assert.ok(identity);
    const journal = openJournal(runDir);
    journal.record({ kind: 'process', name: 'qemu' });
    journal.close('kept');
    const stale = { ...identity, startTicks: '1' };
    writeFileSync(
      join(runDir, 'journal.jsonl'),
      `${JSON.stringify({ op: 'record', id: '1', resource: { kind: 'process', name: 'qemu' } })}\n` +
        `${JSON.stringify({ op: 'started', id: '1', process: stale })}\n`,
    );
    writeOwner(runDir, { state: 'active', owner: stale });
    assert.deepEqual(await reapAbandoned(home, { signal }), ['run-1']);
    assert.ok(isAlive(identity));
    await endProcess(bystander);
  });
});

test('a journal that names a folder with the home in it does not take the home along', async () => {
  await withHome(async (home) => {
    const runDir = join(home.runs, 'run-1');
    mkdirSync(runDir);
    const journal = openJournal(runDir);
    for (const path of ['/', home.root, `${home.runs}/x/..`, home.images]) {
      journal.record({ kind: 'folder', path });
    }
    const owner = readOwner(runDir)?.owner;
    assert.ok(owner);
    writeOwner(runDir, { state: 'active', owner: { ...owner, startTicks: '1' } });
    assert.deepEqual(await reapAbandoned(home, { signal }), ['run-1']);
    assert.ok(existsSync(home.images));
    assert.equal(readJournal(runDir).length, 4);
  });
});

test('a second process waits for the lock, says for whom, and gets it when the holder is killed', async () => {
  await withHome(async (home) => {
    const path = lockPath(home, 'base image debian/12');
    const { child, line } = startChild(
      home,
      `await takeLock(lockPath(home, 'base image debian/12'), { signal, purpose: 'preparing Debian 12' });
       console.log('held');`,
    );
    assert.equal(await line(), 'held');
    assert.equal(await tryLock(path, { signal }), undefined);
    const waited: string[] = [];
    const taken = takeLock(path, {
      signal,
      onWait: (holder) => {
        waited.push(holder);
        child.kill('SIGKILL');
      },
    });
    await using lock = await taken;
    assert.equal(lock.path, path);
    assert.deepEqual(waited, [`preparing Debian 12 (process ${child.pid})`]);
  });
});

test('waiting for a lock ends with Cancelled when told so, and a released lock is free', async () => {
  await withHome(async (home) => {
    const path = lockPath(home, 'one');
    const cancel = new AbortController();
    {
      await using first = await takeLock(path, { signal });
      assert.ok(first);
      await assert.rejects(takeLock(path, { signal: cancel.signal, onWait: () => cancel.abort() }), (error) =>
        isGoldsmithError(error, 'Cancelled'),
      );
    }
    await using second = await tryLock(path, { signal });
    assert.ok(second);
  });
});
