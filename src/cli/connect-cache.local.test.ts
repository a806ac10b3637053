import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCheckpointScene } from '../build/checkpoints/testing/checkpoint-scene.ts';
import { GIB } from '../model/sizes.ts';
import { connectCache } from './connect-cache.ts';

const signal = new AbortController().signal;
const nothing = { all: false, maxSizeBytes: undefined, maxIdleMs: undefined };

/** A boot with a step on it, and another boot; just made, by the clock of this machine. */
async function makeScene() {
  const scene = makeCheckpointScene();
  scene.clock.nowMs = Date.now() - 60_000;
  const boot = await scene.add('boot');
  await scene.add('install nginx', { parent: boot });
  await scene.add('other');
  return scene;
}

test('the list tells what each checkpoint is, what it lies on, and the limit of all', async () => {
  using scene = await makeScene();
  const cache = connectCache(() => scene.home, { GOLDSMITH_CACHE_LIMIT: '3GiB' });
  const { entries, limitBytes } = await cache.list();
  assert.equal(limitBytes, 3 * GIB);
  assert.deepEqual(
    entries.map(({ title, kind, parentKey }) => [title, kind, parentKey]),
    [
      ['boot', 'boot', undefined],
      ['install nginx', 'step', entries[0]?.key],
      ['other', 'boot', undefined],
    ],
  );
  assert.ok(entries.every(({ createdAt, lastUsedAt }) => createdAt.endsWith('Z') && lastUsedAt >= createdAt));
});

test('prune removes nothing within the limit, what is over the given size, and with all everything', async () => {
  using scene = await makeScene();
  const cache = connectCache(() => scene.home, { GOLDSMITH_CACHE_LIMIT: '1GiB' });
  assert.deepEqual(await cache.prune(nothing, signal), []);
  const { entries } = await cache.list();
  const maxSizeBytes = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) - 1;
  const [removed] = await cache.prune({ ...nothing, maxSizeBytes }, signal);
  assert.deepEqual([removed?.title, removed?.reason], ['install nginx', 'space']);
  assert.equal((await cache.prune({ ...nothing, maxIdleMs: 3_600_000 }, signal)).length, 0);
  assert.equal((await cache.prune({ ...nothing, maxIdleMs: 1_000 }, signal)).length, 2);
  await scene.add('boot');
  assert.equal((await cache.prune({ ...nothing, all: true }, signal)).length, 1);
  assert.deepEqual((await cache.list()).entries, []);
});

test('the variable may forbid every checkpoint', async () => {
  using scene = await makeScene();
  const cache = connectCache(() => scene.home, { GOLDSMITH_CACHE_LIMIT: '0' });
  assert.equal((await cache.prune(nothing, signal)).length, 3);
});
