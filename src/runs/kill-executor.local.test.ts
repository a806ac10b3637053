/** `kill -9` of the process that executes a run, at everything that happens in the run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkNothingLeft, checkWentOn, live, undisturbed, withFolder } from './testing/kill-scene.ts';

test('the death of the executing process at any moment leaves nothing, and the run goes on', async () => {
  await withFolder(async (root) => {
    const moments = (await undisturbed(root)).length;
    const { told } = await live(root, 'executor', 0, moments);
    assert.equal(told.length, moments);
    for (const run of told) {
      checkNothingLeft(root, run);
      checkWentOn(run);
    }
    const restarted = told.filter(({ events }) => events.filter((name) => name === 'claimed').length > 1);
    assert.ok(restarted.length > moments / 2, `${restarted.length} of ${moments} runs were begun again`);
  });
});
