import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memorySettings } from '../testing/memory-settings.ts';
import { createServicePrincipals } from './service-principals.ts';

const tenantId = '22222222-2222-2222-2222-222222222222';

test('an application logs in with its secret and with no other', async () => {
  const settings = memorySettings();
  const principals = createServicePrincipals({ settings, tenantId, now: () => new Date(0) });
  const made = await principals.create('pipeline');
  const other = await principals.create('other');
  assert.deepEqual(await principals.authenticate(made.appId.toUpperCase(), made.secret), {
    objectId: made.objectId,
    tenantId,
    name: made.appId,
    type: 'Application',
  });
  for (const wrong of ['', `${made.secret}x`, other.secret, 'x'.repeat(100_000)]) {
    assert.equal(await principals.authenticate(made.appId, wrong), undefined);
  }
  assert.equal(await principals.authenticate('no-guid', made.secret), undefined);
  await principals.remove(made.appId);
  assert.equal(await principals.authenticate(made.appId, made.secret), undefined);
});

test('no secret is stored', async () => {
  const settings = memorySettings();
  const principals = createServicePrincipals({ settings, tenantId, now: () => new Date(0) });
  const { secret, appId } = await principals.create('pipeline');
  const stored = JSON.stringify(await settings.list(''));
  assert.ok(stored.includes(appId));
  assert.ok(!stored.includes(secret));
});
