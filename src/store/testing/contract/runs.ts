import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { sampleResource, sampleRun } from '../records.ts';
import type { StoreContract } from '../store-contract.ts';

const now = '2025-06-01T12:00:00.000Z';
const later = '2025-06-01T12:01:00.000Z';
const muchLater = '2025-06-01T13:00:00.000Z';

export function testRuns({ name, skip, here, there }: StoreContract): void {
  const template = (): string => sampleResource(`T-${randomUUID()}`).id;

  test(`${name}: runs come back as they were written, newest first`, { skip }, async () => {
    const templateId = template();
    const runs = [
      sampleRun(templateId, { input: { z: 1, a: 'ü\0' } }),
      sampleRun(templateId),
      sampleRun(template()),
    ];
    for (const run of runs) await here().runs.insert(run);
    assert.deepEqual(await here().runs.get(runs[0]?.id ?? ''), runs[0]);
    assert.deepEqual(await here().runs.list({ templateId: templateId.toUpperCase() }, 10), [
      runs[1],
      runs[0],
    ]);
    assert.deepEqual(await here().runs.list({ templateId }, 1), [runs[1]]);
    assert.deepEqual(await here().runs.lastOf(templateId), runs[1]);
    assert.equal(await here().runs.lastOf(template()), undefined);
    assert.equal(await here().runs.removeOf(templateId), 2);
    assert.equal(await here().runs.lastOf(templateId), undefined);
  });

  test(`${name}: runs are found by state and substate`, { skip }, async () => {
    const templateId = template();
    const [done, queued, building] = [
      sampleRun(templateId, { state: 'Succeeded' }),
      sampleRun(templateId),
      sampleRun(templateId, { subState: 'Building' }),
    ];
    for (const run of [done, queued, building]) await here().runs.insert(run);
    const ids = async (filter: Parameters<ReturnType<typeof here>['runs']['list']>[0]): Promise<string[]> =>
      (await here().runs.list({ templateId, ...filter }, 10)).map(({ id }) => id);
    assert.deepEqual(await ids({ states: ['Running', 'Canceling'] }), [building.id, queued.id]);
    assert.deepEqual(await ids({ states: ['Succeeded', 'Failed'] }), [done.id]);
    assert.deepEqual(await ids({ states: ['Running'], subState: 'Queued' }), [queued.id]);
    assert.deepEqual(await ids({ states: [] }), []);
  });

  test(`${name}: of many workers one gets the run, until its lease is over`, { skip }, async () => {
    const run = sampleRun(template());
    await here().runs.insert(run);
    const claims = await Promise.all(
      Array.from({ length: 8 }, async (_, n) =>
        (n % 2 === 0 ? here() : there()).runs.claim(run.id, `worker ${n}`, now, later),
      ),
    );
    const won = claims.filter((claim) => claim !== undefined);
    assert.equal(won.length, 1);
    assert.equal(won[0]?.epoch, 1);
    const next = await there().runs.claim(run.id, 'another', '2025-06-01T12:01:00Z', muchLater);
    assert.deepEqual([next?.epoch, next?.worker, next?.leaseUntil], [2, 'another', muchLater]);
  });

  test(`${name}: a worker that lost its claim can write nothing any more`, { skip }, async () => {
    const run = sampleRun(template());
    await here().runs.insert(run);
    await here().runs.claim(run.id, 'old', now, later);
    assert.equal(await here().runs.renew(run.id, 1, later), true);
    assert.equal(await here().runs.update(run.id, 1, { subState: 'Building', message: 'old' }), true);
    await there().runs.claim(run.id, 'new', muchLater, muchLater);
    assert.equal(await here().runs.renew(run.id, 1, muchLater), false);
    assert.equal(await here().runs.update(run.id, 1, { message: 'late' }), false);
    assert.equal(await here().runs.release(run.id, 1), false);
    const { epoch, message, subState, worker } = (await here().runs.get(run.id)) ?? run;
    assert.deepEqual(
      { epoch, message, subState, worker },
      {
        ...{ epoch: 2, message: 'old', subState: 'Building', worker: 'new' },
      },
    );
  });

  test(
    `${name}: a run that was given back is free at once, and its old holder is shut out`,
    { skip },
    async () => {
      const run = sampleRun(template());
      await here().runs.insert(run);
      await here().runs.claim(run.id, 'one', now, muchLater);
      assert.equal(await here().runs.release(run.id, 1), true);
      assert.equal(await here().runs.update(run.id, 1, { message: 'late' }), false);
      const next = await here().runs.claim(run.id, 'two', now, later);
      assert.equal(next?.worker, 'two');
      assert.equal(await here().runs.update(run.id, next.epoch, { message: 'mine' }), true);
    },
  );

  test(`${name}: a cancellation is not undone by a worker that has not heard of it`, { skip }, async () => {
    const run = sampleRun(template());
    await here().runs.insert(run);
    await here().runs.claim(run.id, 'one', now, later);
    const cancelled = await there().runs.requestCancel(run.id);
    assert.deepEqual([cancelled?.state, cancelled?.cancelRequested], ['Canceling', true]);
    assert.equal(await here().runs.update(run.id, 1, { state: 'Running', subState: 'Customizing' }), true);
    assert.equal((await here().runs.get(run.id))?.state, 'Canceling');
  });

  test(`${name}: a run that has ended stays as it is`, { skip }, async () => {
    const run = sampleRun(template());
    await here().runs.insert(run);
    await here().runs.claim(run.id, 'one', now, later);
    assert.equal(await here().runs.update(run.id, 1, { state: 'Succeeded', endedAt: now }), true);
    assert.equal(await here().runs.update(run.id, 1, { state: 'Failed' }), false);
    assert.equal(await here().runs.requestCancel(run.id), undefined);
    assert.equal(await here().runs.claim(run.id, 'two', muchLater, muchLater), undefined);
    assert.equal((await here().runs.get(run.id))?.state, 'Succeeded');
  });
}
