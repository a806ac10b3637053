import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleOperation, sampleResource, sampleRun } from '../records.ts';
import type { Store, StoreTopic } from '../../store.ts';
import type { StoreContract } from '../store-contract.ts';

const LIMIT_MS = 20_000;

export function testSubscriptions({ name, skip, here, there }: StoreContract): void {
  test(`${name}: every change of a row is told under its key, from any process`, { skip }, async () => {
    const draft = sampleResource('Told');
    const operation = sampleOperation();
    const run = sampleRun(draft.id);
    const changes: readonly (readonly [StoreTopic, string, (store: Store) => Promise<unknown>])[] = [
      ['resources', draft.id.toLowerCase(), async ({ resources }) => resources.insert(draft)],
      ['resources', draft.id.toLowerCase(), async ({ resources }) => resources.replace(draft)],
      ['resources', draft.id.toLowerCase(), async ({ resources }) => resources.remove(draft.id)],
      ['operations', operation.id, async ({ operations }) => operations.insert(operation)],
      [
        'operations',
        operation.id,
        async ({ operations }) => operations.update(operation.id, { percentComplete: 1 }),
      ],
      ['runs', run.id, async ({ runs }) => runs.insert(run)],
      ['runs', run.id, async (store) => store.transaction(async ({ runs }) => runs.requestCancel(run.id))],
    ];
    for (const [topic, key, change] of changes) {
      const told = whenTold(here(), topic, key);
      await change(there());
      await told;
    }
  });

  test(`${name}: what a transaction takes back is not told`, { skip }, async () => {
    const [undone, done] = [sampleRun(sampleResource('u').id), sampleRun(sampleResource('d').id)];
    const keys: string[] = [];
    const stop = here().subscribe('runs', (key) => keys.push(key));
    const told = whenTold(here(), 'runs', done.id);
    const work = there().transaction(async ({ runs }) => {
      await runs.insert(undone);
      throw new RangeError('no');
    });
    await assert.rejects(work, RangeError);
    await there().runs.insert(done);
    await told;
    stop();
    assert.deepEqual(keys.includes(undone.id), false);
    assert.deepEqual(keys.includes(done.id), true);
  });

  test(`${name}: nothing is told to a subscription that has ended`, { skip }, async () => {
    const run = sampleRun(sampleResource('ended').id);
    const keys: string[] = [];
    here().subscribe('runs', (key) => keys.push(key))();
    const told = whenTold(here(), 'runs', run.id);
    await here().runs.insert(run);
    await told;
    assert.deepEqual(keys, []);
  });
}

/** Resolves when `key` has been told. */
async function whenTold(store: Store, topic: StoreTopic, key: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`${topic} ${key} was not told`)), LIMIT_MS);
  const stop = store.subscribe(topic, (changed) => {
    if (changed === key) resolve();
  });
  try {
    await promise;
  } finally {
    stop();
    clearTimeout(timer);
  }
}
