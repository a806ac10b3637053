import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { send, testPrincipal } from '../testing/arm-request.ts';
import { codeOf, valueOf } from '../testing/reply.ts';
import { openTestService, subscription } from '../testing/service.ts';
import { createActivityRecorder, type AnsweredWrite } from './activity-recorder.ts';
import { createInsightsProvider } from './provider.ts';

const subscriptionId = subscription.split('/')[2];

test('writes are recorded behind the answer and found by the filters that az sends', async () => {
  await using service = await openTestService();
  const { store, now } = service;
  await using recorder = createActivityRecorder({ store, now, newId: randomUUID, onError: fail });
  recorder.record(write({}));
  recorder.record(
    write({ status: 409, errorCode: 'Conflict', errorMessage: 'Taken.', resourceGroup: 'Other' }),
  );
  recorder.record(write({ status: 202, correlationId: 'c-2' }));
  await recorder.flush();
  const provider = createInsightsProvider(store);
  const path = `${subscription}/providers/microsoft.insights/eventtypes/management/values`;
  const find = async (filter: string) =>
    send(
      provider,
      'GET',
      `${path}?$filter=${encodeURIComponent(`eventTimestamp ge 2020-01-01T00:00:00.123456 and eventTimestamp le 2999-01-01T00:00:00Z${filter}`)}`,
    );
  const statuses = async (filter: string): Promise<readonly unknown[]> =>
    valueOf(await find(filter)).map(({ status }) => status);
  const named = (value: string): object => ({ value, localizedValue: value });
  assert.deepEqual(await statuses(''), [named('Accepted'), named('Failed'), named('Succeeded')]);
  assert.deepEqual(await statuses(" and resourceGroupName eq 'other'"), [named('Failed')]);
  assert.deepEqual(await statuses(" and correlationId eq 'C-2'"), [named('Accepted')]);
  assert.deepEqual(await statuses(" and status eq 'Succeeded'"), [named('Succeeded')]);
  assert.deepEqual(await statuses(` and caller eq '${testPrincipal.name}' and status eq 'Failed'`), [
    named('Failed'),
  ]);
  assert.deepEqual(await statuses(" and resourceProvider eq 'Microsoft.Network'"), []);
  assert.equal(codeOf(await find(" and colour eq 'red'")), 'BadRequest');
  assert.equal(
    codeOf(await send(provider, 'GET', `${path}?$filter=eventTimestamp%20ge%20yesterday`)),
    'BadRequest',
  );
});

test('what was recorded just before the end is stored', async () => {
  await using service = await openTestService();
  const { store, now } = service;
  {
    await using recorder = createActivityRecorder({ store, now, newId: randomUUID, onError: fail });
    recorder.record(write({}));
  }
  assert.equal((await store.activity.list({ subscriptionId }, { limit: 10 })).items.length, 1);
});

test('a store that fails loses entries and stops nothing', async () => {
  const errors: unknown[] = [];
  const broken = async (): Promise<never> => {
    throw new Error('the database is away');
  };
  const activity = { insert: broken, list: broken, prune: broken };
  const recorder = createActivityRecorder({
    ...{ store: { activity }, now: () => new Date(), newId: randomUUID },
    onError: (error) => errors.push(error),
  });
  recorder.record(write({}));
  await recorder.flush();
  recorder.record(write({}));
  await recorder[Symbol.asyncDispose]();
  assert.equal(errors.length, 2);
});

function write(change: Partial<AnsweredWrite>): AnsweredWrite {
  return {
    ...{
      method: 'PUT',
      action: 'Microsoft.Compute/images/write',
      namespace: 'Microsoft.Compute',
      status: 200,
    },
    resourceId: `${subscription}/resourceGroups/g/providers/Microsoft.Compute/images/a`,
    ...{
      subscriptionId,
      resourceGroup: 'g',
      principal: testPrincipal,
      errorCode: undefined,
      errorMessage: undefined,
    },
    ...{ requestId: 'r', correlationId: 'c', startedAt: new Date(), endedAt: new Date() },
    ...change,
  };
}

function fail(error: unknown): never {
  throw error;
}
