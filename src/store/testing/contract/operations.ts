import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleOperation, sampleResource } from '../records.ts';
import type { StoreContract } from '../store-contract.ts';

export function testOperations({ name, skip, here }: StoreContract): void {
  test(`${name}: an operation comes back as it was written and changed`, { skip }, async () => {
    const operation = sampleOperation();
    await here().operations.insert(operation);
    assert.deepEqual(await here().operations.get(operation.id.toUpperCase()), operation);
    assert.equal(await here().operations.update(operation.id, { percentComplete: 12.5 }), true);
    const change = {
      status: 'Failed',
      endTime: '2025-01-02T03:05:00.000Z',
      error: { code: 'X', message: 'y', details: [{ code: 'D', message: 'd' }] },
      result: { a: [1] },
    } as const;
    assert.equal(await here().operations.update(operation.id, change), true);
    assert.deepEqual(await here().operations.get(operation.id), {
      ...operation,
      percentComplete: 12.5,
      ...change,
    });
  });

  test(`${name}: an operation ends once`, { skip }, async () => {
    const operation = sampleOperation();
    await here().operations.insert(operation);
    const ends = await Promise.all(
      (['Succeeded', 'Failed', 'Canceled'] as const).map(async (status) =>
        here().operations.update(operation.id, { status }),
      ),
    );
    assert.equal(ends.filter((ended) => ended).length, 1);
    assert.equal(await here().operations.update(operation.id, {}), false);
    assert.equal(await here().operations.update('11111111-1111-1111-1111-111111111111', {}), false);
  });

  test(`${name}: the operations of a resource that go on are found`, { skip }, async () => {
    const resourceId = sampleResource('Pending').id;
    const [first, second, other] = [
      sampleOperation({ resourceId }),
      sampleOperation({ resourceId, startTime: '2025-01-02T03:04:06.000Z' }),
      sampleOperation(),
    ];
    for (const operation of [second, first, other]) await here().operations.insert(operation);
    const pending = await here().operations.pendingOf(resourceId.toUpperCase());
    assert.deepEqual(
      pending.map(({ id }) => id),
      [first.id, second.id],
    );
    await here().operations.update(first.id, { status: 'Succeeded' });
    assert.deepEqual(
      (await here().operations.pendingOf(resourceId)).map(({ id }) => id),
      [second.id],
    );
  });

  test(
    `${name}: operations that ended long ago are forgotten, those that go on are not`,
    { skip },
    async () => {
      const ended = sampleOperation({ status: 'Succeeded', endTime: '2001-01-01T00:00:00Z' });
      const later = sampleOperation({ status: 'Succeeded', endTime: '2001-01-01T00:00:02.000Z' });
      const pending = sampleOperation({ startTime: '2001-01-01T00:00:00.000Z' });
      for (const operation of [ended, later, pending]) await here().operations.insert(operation);
      assert.equal(await here().operations.removeEndedBefore('2001-01-01T00:00:01.000Z'), 1);
      assert.equal(await here().operations.get(ended.id), undefined);
      assert.notEqual(await here().operations.get(later.id), undefined);
      assert.notEqual(await here().operations.get(pending.id), undefined);
    },
  );
}
