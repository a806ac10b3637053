import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from './turns.ts';

test('turns come one at a time and in order, also after one that failed', async () => {
  const turns = new Turns();
  const log: string[] = [];
  const work = (name: string): (() => Promise<void>) => {
    return async () => {
      log.push(`${name} starts`);
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`${name} ends`);
      if (name === 'a') throw new RangeError(name);
    };
  };
  const [first, ...others] = ['a', 'b', 'c'].map(async (name) => turns.run(work(name)));
  await assert.rejects(first ?? Promise.resolve(), RangeError);
  await Promise.all(others);
  assert.deepEqual(log, ['a starts', 'a ends', 'b starts', 'b ends', 'c starts', 'c ends']);
});
