import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openHome, type Home } from '../host/home.ts';
import { openJournal, writeOwner } from '../host/journal/journal.ts';
import { ownerMark, ownIdentity } from '../host/journal/process-identity.ts';
import { isGoldsmithError } from '../model/errors.ts';
import { connectCleaning } from './connect-cleaning.ts';

const signal = new AbortController().signal;

test('clean takes what a dead run left, and keeps its record, finished runs and caches', async () => {
  using scene = makeScene();
  const removed = await scene.cleaning.clean({ all: false, dryRun: false }, signal);
  assert.deepEqual(
    removed.map(({ what, path }) => [what, path]),
    [['leftover', scene.leftover]],
  );
  assert.ok((removed[0]?.freedBytes ?? 0) >= 4096);
  assert.equal(existsSync(scene.leftover), false);
  assert.deepEqual(scene.present(), ['busy', 'dead', 'ended', 'kept', 'cache']);
});

test('clean --all takes every run that is over, also kept ones; a living build keeps its run and the caches', async () => {
  using scene = makeScene();
  await scene.cleaning.clean({ all: true, dryRun: false }, signal);
  assert.deepEqual(scene.present(), ['busy', 'cache']);
});

test('clean --all takes the caches when nothing is running', async () => {
  using scene = makeScene();
  rmSync(join(scene.home.runs, 'busy'), { recursive: true });
  await scene.cleaning.clean({ all: true, dryRun: false }, signal);
  assert.deepEqual(scene.present(), []);
  assert.ok(existsSync(scene.home.cache));
});

test('a checkpoint that a killed process was writing goes with the next command, one of a living process stays', async () => {
  using scene = makeScene();
  const staging = join(scene.home.cache, 'checkpoints', 'staging');
  const dead = join(staging, '1-1-00000000-0000-0000-0000-000000000000~x');
  const living = join(staging, `${ownerMark(ownIdentity())}~x`);
  mkdirSync(dead, { recursive: true });
  mkdirSync(living);
  const removed = await scene.cleaning.clean({ all: false, dryRun: false }, signal);
  assert.ok(removed.some(({ what, path }) => what === 'leftover' && path === dead));
  assert.deepEqual([existsSync(dead), existsSync(living)], [false, true]);
  mkdirSync(dead);
  await scene.cleaning.reap(() => undefined, signal);
  assert.deepEqual([existsSync(dead), existsSync(living)], [false, true]);
});

test('clean --all empties the store of checkpoints, and says how much that was', async () => {
  using scene = makeScene();
  rmSync(join(scene.home.runs, 'busy'), { recursive: true });
  const entry = join(scene.home.cache, 'checkpoints', 'entries', 'a'.repeat(64));
  mkdirSync(entry, { recursive: true });
  writeFileSync(join(entry, 'memory'), 'x'.repeat(8192));
  const removed = await scene.cleaning.clean({ all: true, dryRun: false }, signal);
  const checkpoints = removed.find(({ path }) => path === join(scene.home.cache, 'checkpoints'));
  assert.ok((checkpoints?.freedBytes ?? 0) >= 8192);
  assert.deepEqual(readdirSync(scene.home.cache), []);
});

test('a dry run names the same things and removes none', async () => {
  using scene = makeScene();
  const named = await scene.cleaning.clean({ all: true, dryRun: true }, signal);
  assert.deepEqual(
    named.map(({ path }) => path),
    [scene.leftover, ...['dead', 'ended', 'kept'].map((name) => join(scene.home.runs, name))],
  );
  assert.ok(existsSync(scene.leftover));
  assert.deepEqual(scene.present(), ['busy', 'dead', 'ended', 'kept', 'cache']);
});

test('a run that is going on cannot be removed, one that is over can', async () => {
  using scene = makeScene();
  await assert.rejects(scene.cleaning.removeRun('busy', signal), (error) =>
    isGoldsmithError(error, 'Conflict'),
  );
  assert.ok((await scene.cleaning.removeRun('kept', signal)) > 0);
  assert.deepEqual(scene.present(), ['busy', 'dead', 'ended', 'cache']);
});

/** Runs in every state: one of this process, one of a process that is gone and left a file, two that are over. */
function makeScene() {
  const root = mkdtempSync(join(tmpdir(), 'goldsmith-clean-'));
  const home: Home = openHome({ GOLDSMITH_HOME: join(root, 'home') });
  const leftover = join(root, 'leftover.raw');
  writeFileSync(leftover, 'x'.repeat(4096));
  const busy = openJournal(join(home.runs, 'busy'));
  const dead = openJournal(join(home.runs, 'dead'));
  dead.record({ kind: 'file', path: leftover });
  dead.close('ended');
  writeOwner(join(home.runs, 'dead'), { state: 'active', owner: { ...ownIdentity(), startTicks: '1' } });
  openJournal(join(home.runs, 'ended')).close('ended');
  openJournal(join(home.runs, 'kept')).close('kept');
  mkdirSync(join(home.cache, 'downloads'));
  const places = [
    ...['busy', 'dead', 'ended', 'kept'].map((name) => [name, join(home.runs, name)] as const),
    ['cache', join(home.cache, 'downloads')] as const,
  ];
  return {
    home,
    leftover,
    cleaning: connectCleaning(() => home),
    present: () => places.filter(([, path]) => existsSync(path)).map(([name]) => name),
    [Symbol.dispose]: () => {
      if (existsSync(join(home.runs, 'busy'))) busy.close('ended');
      rmSync(root, { recursive: true });
    },
  };
}
