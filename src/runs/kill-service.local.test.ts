/** `kill -9` of the whole service, at everything that happens in a run; then it is started again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToldRun } from './testing/doomed-service.ts';
import { checkNothingLeft, checkWentOn, live, undisturbed, withFolder } from './testing/kill-scene.ts';

test('the death of the service at any moment leaves nothing, and the next one goes on', async () => {
  await withFolder(async (root) => {
    const moments = (await undisturbed(root)).length;
    const told: ToldRun[] = [];
    for (let moment = 0; moment < moments; moment += 1) {
      const life = await live(root, 'self', moment, 1);
      assert.equal(life.signal, 'SIGKILL', `it was to die at ${moment}`);
      told.push(...life.told);
    }
    told.push(...(await live(root, 'nobody', 2, 1)).told);
    const doomed = told.filter(({ name }) => name.startsWith('self-'));
    for (const run of doomed) {
      checkNothingLeft(root, run);
      checkWentOn(run);
    }
    // the last moment is after the end of the run: nobody tells of that one
    assert.equal(doomed.length, moments - 1);
  });
});
