import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StepRecord } from '../model/run.ts';
import { StepRunner, type Step, type StepObserver } from './step.ts';

function recorder(): { observer: StepObserver; ended: StepRecord[] } {
  const ended: StepRecord[] = [];
  const quiet = (): void => undefined;
  return {
    ended,
    observer: {
      started: quiet,
      output: quiet,
      progress: quiet,
      warning: quiet,
      ended: (record) => ended.push(record),
    },
  };
}

function makes(name: string, undone: string[]): Step<undefined, string> {
  return {
    id: name,
    title: name,
    run: async () => name,
    undo: async (output) => {
      undone.push(output);
    },
  };
}

const fails: Step<undefined, never> = {
  id: 'fails',
  title: 'fails',
  run: async () => {
    throw new Error('no luck');
  },
};

test('steps are undone in reverse order when the runner is disposed', async () => {
  const undone: string[] = [];
  {
    await using runner = new StepRunner({
      ...recorder(),
      signal: new AbortController().signal,
      now: () => 0,
    });
    await runner.run(makes('first', undone), undefined);
    await runner.run(makes('second', undone), undefined);
  }
  assert.deepEqual(undone, ['second', 'first']);
});

test('a failing step is recorded with its message and the steps before it are undone', async () => {
  const undone: string[] = [];
  const { observer, ended } = recorder();
  const runner = new StepRunner({ observer, signal: new AbortController().signal, now: () => 5 });
  await runner.run(makes('first', undone), undefined);
  await assert.rejects(runner.run(fails, undefined), /no luck/);
  await runner[Symbol.asyncDispose]();
  assert.deepEqual(undone, ['first']);
  assert.deepEqual(
    ended.map(({ id, state, message }) => ({ id, state, message })),
    [
      { id: 'first', state: 'succeeded', message: undefined },
      { id: 'fails', state: 'failed', message: 'no luck' },
    ],
  );
});

test('no step starts after cancellation, and the one that was running counts as cancelled', async () => {
  const { observer, ended } = recorder();
  const cancel = new AbortController();
  await using runner = new StepRunner({ observer, signal: cancel.signal, now: () => 0 });
  const waits: Step<undefined, never> = {
    id: 'waits',
    title: 'waits',
    run: async (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('stopped')));
      }),
  };
  const running = runner.run(waits, undefined);
  cancel.abort(new Error('by the user'));
  await assert.rejects(running, /stopped/);
  await assert.rejects(runner.run(makes('later', []), undefined), /by the user/);
  assert.deepEqual(
    ended.map(({ id, state }) => [id, state]),
    [['waits', 'cancelled']],
  );
});
