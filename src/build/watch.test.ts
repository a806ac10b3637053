import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GoldsmithError } from '../model/errors.ts';
import { limitRun, reasonOf } from './run-limits.ts';
import { Watch } from './watch.ts';

const never = new AbortController().signal;
const died = new GoldsmithError('VmDied', 'QEMU is gone');

test('an operation that ignores its signal still ends when the machine does', async () => {
  const watch = new Watch();
  const waiting = watch.guard(never, async () => new Promise<never>(() => undefined));
  watch.lose(died);
  await assert.rejects(waiting, died);
  await assert.rejects(
    watch.guard(never, async () => new Promise<never>(() => undefined)),
    died,
  );
});

test('the first loss explains the broken connection that follows', async () => {
  const watch = new Watch();
  const reading = watch.guard(never, async () => {
    watch.lose(died);
    watch.lose(new GoldsmithError('VmDied', 'the network broke'));
    throw new Error('connection lost');
  });
  await assert.rejects(reading, died);
});

test('an error of the operation itself passes', async () => {
  const failing = new Watch().guard(never, async () => {
    throw new Error('exit code 3');
  });
  await assert.rejects(failing, /exit code 3/);
});

test('a run that is over its time says so, and a cancelled one that it was cancelled', () => {
  const cancel = new AbortController();
  using limits = limitRun(cancel.signal, 60_000);
  cancel.abort();
  assert.equal(reasonOf(new Error('socket closed'), limits.signal).code, 'Cancelled');
  assert.equal(reasonOf(new Error('boom'), never).code, 'Internal');
  assert.equal(reasonOf(died, never), died);
});

test('the timeout fires with its own code', async () => {
  using limits = limitRun(never, 1);
  await new Promise((resolve) => {
    limits.signal.addEventListener('abort', resolve);
  });
  assert.equal(reasonOf(new Error('socket closed'), limits.signal).code, 'BuildTimeout');
});
