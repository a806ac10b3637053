/** Two workers with homes of their own on one PostgreSQL, as on two machines. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inlineShell, testTemplate } from '../build/testing/test-template.ts';
import { openStore } from '../store/open-store.ts';
import type { ServiceRun } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { postgresPrograms, startTestPostgres } from '../store/testing/test-postgres.ts';
import { createRunService, isUnfinished } from './create-run-service.ts';
import { storeTemplate, testWorkerOptions } from './testing/test-runs.ts';
import { startRunWorker } from './worker/run-worker.ts';
import type { WorkerEvent } from './worker/worker-options.ts';

const skip = postgresPrograms() === undefined ? 'PostgreSQL is not installed' : false;

test('two workers share the runs, each of which is executed once', { skip }, async () => {
  await using scene = new AsyncDisposableStack();
  const postgres = scene.use(await startTestPostgres());
  const store = scene.use(await openStore({ url: postgres.url }));
  const executed: string[] = [];
  const workers = new Set<string>();
  for (const name of ['a', 'b']) {
    const root = mkdtempSync(join(tmpdir(), `goldsmith-worker-${name}-`));
    scene.defer(() => rmSync(root, { recursive: true }));
    const own = scene.use(await openStore({ url: postgres.url }));
    const onEvent = (id: string, event: WorkerEvent): void => {
      if (event.kind !== 'executor-started') return;
      executed.push(id);
      workers.add(name);
    };
    // room for one run each: this template's machine has two CPUs
    const capacity = () => ({ cpus: 2, memoryBytes: 8 * 2 ** 30, diskBytes: 100 * 2 ** 30 });
    scene.use(await startRunWorker(testWorkerOptions(root, own, { onEvent, capacity })));
  }
  const service = createRunService({ store, now: Date.now });
  const ids: string[] = [];
  for (const name of ['one', 'two', 'three', 'four', 'five']) {
    const customize = [inlineShell('work', 'sleep 0.5')];
    const answer = await service.request(await storeTemplate(store, testTemplate(name, { customize })));
    ids.push(answer.run?.id ?? '');
  }
  const runs = await Promise.all(ids.map(async (id) => ended(store, id)));
  assert.deepEqual(
    runs.map(({ state, message }) => `${state} ${message}`),
    ids.map(() => 'Succeeded '),
  );
  assert.deepEqual(executed.toSorted(), ids.toSorted());
  assert.equal(workers.size, 2);
});

async function ended(store: Store, runId: string): Promise<ServiceRun> {
  const { promise, resolve } = Promise.withResolvers<ServiceRun>();
  const look = async (): Promise<void> => {
    const run = await store.runs.get(runId);
    if (run !== undefined && !isUnfinished(run)) resolve(run);
  };
  const stop = store.subscribe('runs', () => void look());
  await look();
  const run = await promise;
  stop();
  return run;
}
