import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openMemoryStore } from '../testing/memory-store.ts';
import type { ActivityEntry } from './activity.ts';

test('entries are found newest first, by every part of the filter, page by page', async () => {
  await using store = await openMemoryStore();
  const { activity } = store;
  await activity.insert([
    entry(1),
    entry(2, { resourceGroup: 'Images' }),
    entry(3, { namespace: 'Microsoft.Network' }),
  ]);
  await activity.insert([entry(4, { correlationId: 'C-4' }), entry(5, { subscriptionId: undefined })]);
  const ids = async (filter: object): Promise<readonly string[]> =>
    (await activity.list({ subscriptionId: 'S', ...filter }, { limit: 10 })).items.map(({ id }) => id);
  assert.deepEqual(await ids({}), ['e4', 'e3', 'e2', 'e1']);
  assert.deepEqual(await ids({ subscriptionId: undefined }), ['e5']);
  assert.deepEqual(await ids({ resourceGroup: 'images' }), ['e2']);
  assert.deepEqual(await ids({ namespace: 'microsoft.network' }), ['e3']);
  assert.deepEqual(await ids({ correlationId: 'c-4' }), ['e4']);
  assert.deepEqual(await ids({ resourceId: '/R/1' }), ['e1']);
  assert.deepEqual(await ids({ from: entry(2).time, to: entry(3).time }), ['e3', 'e2']);
  assert.equal((await ids({ caller: 'PIPELINE' })).length, 4);
  assert.equal((await ids({ caller: 'object-1' })).length, 4);
  assert.deepEqual(await ids({ caller: 'pipe%' }), []);
  assert.deepEqual(await ids({ resourceId: '\u0000' }), []);

  const first = await activity.list({ subscriptionId: 's' }, { limit: 3 });
  const second = await activity.list({ subscriptionId: 's' }, { limit: 3, after: first.next ?? '' });
  assert.deepEqual(
    [...first.items, ...second.items].map(({ id }) => id),
    ['e4', 'e3', 'e2', 'e1'],
  );
  assert.equal(second.next, undefined);
  assert.deepEqual(first.items[0], entry(4, { correlationId: 'C-4' }));
});

test('what is old and what is too much is forgotten', async () => {
  await using store = await openMemoryStore();
  await store.activity.insert([1, 2, 3, 4, 5].map((number) => entry(number)));
  assert.equal(await store.activity.prune(entry(3).time, 2), 3);
  const { items } = await store.activity.list({ subscriptionId: 's' }, { limit: 10 });
  assert.deepEqual(
    items.map(({ id }) => id),
    ['e5', 'e4'],
  );
  assert.equal(await store.activity.prune(entry(3).time, 2), 0);
});

function entry(number: number, change: Partial<ActivityEntry> = {}): ActivityEntry {
  const time = `2024-01-01T00:00:0${number}.000Z`;
  return {
    id: `e${number}`,
    ...{ time, startedAt: time, method: 'PUT', action: 'a/write', resourceId: `/r/${number}`, status: 409 },
    ...{ subscriptionId: 's', resourceGroup: 'g', namespace: 'a', requestId: 'q', correlationId: 'c' },
    ...{ errorCode: 'Conflict', errorMessage: 'Taken.' },
    caller: { objectId: 'object-1', tenantId: 't', name: 'pipeline', type: 'Application' },
    ...change,
  };
}
