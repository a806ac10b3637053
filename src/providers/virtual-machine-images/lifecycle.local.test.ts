/** An image template from its submission to its deletion, with everything around it standing in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallBody } from '../../arm/testing/template-bodies.ts';
import type { JsonObject } from '../../model/json.ts';
import { RUN_OUTPUT_TYPE } from '../../runs/run-service.ts';
import { send } from '../testing/arm-request.ts';
import {
  groupId,
  identityId,
  putResource,
  startImageBuilder,
  subscription,
  templates,
} from './testing/image-builder-service.ts';
import {
  at,
  newest,
  refusal,
  submit,
  succeeded,
  templateId as id,
  withIdentity,
  withProperties,
} from './testing/replies.ts';

test('a template is made, run, cancelled and deleted, and each state refuses what does not fit it', async () => {
  await using service = await startImageBuilder({ jobs: true });
  const { provider, store, runs } = service;
  const put = await send(provider, 'PUT', `${id}?${newest}`, { body: withIdentity });
  assert.equal(put.status, 201);
  assert.equal(at(put.body, 'properties', 'provisioningState'), 'Creating');
  assert.match(put.headers?.['Azure-AsyncOperation'] ?? '', /\/locations\/westus2\/operations\//);
  await succeeded(service, put);

  const made = await send(provider, 'GET', `${id}?${newest}`);
  assert.equal(at(made.body, 'properties', 'provisioningState'), 'Succeeded');
  const stagingId = String(at(made.body, 'properties', 'exactStagingResourceGroup'));
  assert.match(stagingId, /\/resourceGroups\/IT_images-rg_web_[0-9a-f-]{36}$/);
  const staging = await store.resources.get(stagingId);
  assert.equal(staging?.tags['imageTemplateName'], 'web');
  assert.equal(staging?.tags['imageTemplateResourceGroupName'], 'images-rg');
  assert.match(
    String(at(made.body, 'identity', 'userAssignedIdentities', identityId, 'principalId')),
    /^[0-9a-f-]{36}$/,
  );

  const again = await send(provider, 'PUT', `${id}?${newest}`, { body: withIdentity });
  assert.deepEqual([again.status, at(again.body, 'error', 'code')], [409, 'Conflict']);
  assert.equal(
    at(again.body, 'error', 'message'),
    'Update/Upgrade of image templates is currently not supported',
  );

  assert.equal((await send(provider, 'POST', `${id}/cancel?${newest}`)).status, 409);
  const reuse = (word: string) => ({ headers: { 'x-goldsmith-reuse': word } });
  const odd = await send(provider, 'POST', `${id}/run?${newest}`, reuse('perhaps'));
  assert.deepEqual([odd.status, at(odd.body, 'error', 'code')], [400, 'InvalidHeaderValue']);
  const run = await send(provider, 'POST', `${id}/Run?${newest}`, reuse('2h'));
  assert.equal(run.status, 202);
  assert.equal(runs.requests[0]?.maxStepAgeMs, 2 * 3_600_000);
  assert.match(run.headers?.['Location'] ?? '', /\/operationResults\//);
  assert.equal(runs.requests[0]?.staging.resourceGroup, stagingId.split('/').at(-1));
  assert.match(
    refusal(await send(provider, 'POST', `${id}/run?${newest}`)),
    /provisioned or run state: running\.$/,
  );
  assert.match(
    refusal(await send(provider, 'DELETE', `${id}?${newest}`)),
    /imageTemplates\/delete is not allowed/,
  );
  const properties = { vmProfile: { vmSize: 'Standard_D4s_v3' } };
  assert.match(refusal(await send(provider, 'PATCH', `${id}?${newest}`, { body: { properties } })), /update/);
  assert.equal(
    (await send(provider, 'PATCH', `${id}?${newest}`, { body: { tags: { a: 'b' } } })).status,
    200,
  );
  const running = await send(provider, 'GET', `${id}?api-version=2020-02-14`);
  assert.equal(at(running.body, 'properties', 'lastRunStatus', 'runState'), 'Running');
  assert.deepEqual(at(running.body, 'tags'), { a: 'b' });

  assert.equal((await send(provider, 'POST', `${id}/cancel?${newest}`)).status, 202);
  assert.match(refusal(await send(provider, 'POST', `${id}/cancel?${newest}`)), /run state: canceling/);
  await runs.end(id, 'Canceled');
  const outputs = { properties: { artifactId: '/x', provisioningState: 'Succeeded' } };
  await putResource(store, `${id}/runOutputs/disk`, { body: outputs });
  const listed = await send(provider, 'GET', `${id}/runOutputs?${newest}`);
  assert.deepEqual(at(listed.body, 'value', 0, 'properties'), outputs.properties);
  assert.equal(at(listed.body, 'value', 0, 'type'), RUN_OUTPUT_TYPE);

  const gone = await send(provider, 'DELETE', `${id}?${newest}`);
  assert.equal(gone.status, 202);
  await succeeded(service, gone);
  assert.equal(await store.resources.get(stagingId), undefined);
  assert.equal(await store.resources.count({ under: id }), 0);
  assert.equal((await send(provider, 'GET', `${id}?${newest}`)).status, 404);
  assert.equal((await send(provider, 'DELETE', `${id}?${newest}`)).status, 204);
});

test('triggers hold their rules', async () => {
  await using service = await startImageBuilder({ jobs: true });
  const { provider } = service;
  const trigger = { location: 'westus2', properties: { kind: 'SourceImage' } };
  const put = async (name: string, body: unknown = trigger) =>
    send(provider, 'PUT', `${id}/triggers/${name}?${newest}`, { body });
  assert.equal((await put('t')).status, 404);
  await submit(service, withIdentity);
  const made = await put('t');
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.equal(at(made.body, 'properties', 'status', 'code'), 'Healthy');
  await succeeded(service, made);
  assert.equal((await put('t')).status, 200);
  assert.equal((await put('second')).status, 409);
  assert.equal((await put('bad', { properties: { kind: 'Clock' } })).status, 400);
  assert.equal((await put('away', { ...trigger, location: 'northeurope' })).status, 400);
  const list = await send(provider, 'GET', `${id}/triggers?${newest}`);
  assert.equal(at(list.body, 'value', 0, 'name'), 't');
  assert.equal((await send(provider, 'DELETE', `${id}/triggers/t?${newest}`)).status, 202);
  assert.equal((await send(provider, 'DELETE', `${id}/triggers/t?${newest}`)).status, 204);
});

test('identities are swapped and taken away by PATCH, and a run without the rights it needs is refused', async () => {
  await using service = await startImageBuilder({ jobs: true });
  const { provider, store } = service;
  const image = `${groupId}/providers/Microsoft.Compute/images/golden`;
  const distribute = [{ type: 'ManagedImage', runOutputName: 'i', location: 'westus2', imageId: image }];
  await submit(service, withProperties({ distribute }));
  const other = `${identityId}-2`;
  const principalId = '99999999-9999-9999-9999-999999999999';
  await putResource(store, other, { body: { properties: { principalId, clientId: principalId } } });
  const patch = async (identity: JsonObject) =>
    send(provider, 'PATCH', `${id}?api-version=2022-02-14`, { body: { identity } });
  const both = await patch({ type: 'UserAssigned', userAssignedIdentities: { [other]: {} } });
  assert.equal(both.status, 400);
  const swapped = await patch({
    type: 'UserAssigned',
    userAssignedIdentities: { [identityId]: null, [other]: {} },
  });
  assert.deepEqual(at(swapped.body, 'identity', 'userAssignedIdentities'), {
    [other]: { principalId, clientId: principalId },
  });
  assert.equal((await patch({ type: 'None' })).status, 200);
  const run = await send(provider, 'POST', `${id}/run?${newest}`);
  assert.match(String(at(run.body, 'error', 'message')), /^Managed identity is required/);
});

test('lists come in pages, of a group and of the subscription', async () => {
  await using service = await startImageBuilder({ jobs: false });
  const { provider } = service;
  for (const name of ['a', 'b', 'c'])
    await send(provider, 'PUT', `${templates}/${name}?${newest}`, { body: smallBody });
  const first = await send(provider, 'GET', `${templates}?${newest}&$top=2`);
  const next = new URL(String(at(first.body, 'nextLink')));
  const second = await send(provider, 'GET', `${next.pathname}${next.search}`);
  assert.deepEqual([at(first.body, 'value', 1, 'name'), at(second.body, 'value', 0, 'name')], ['b', 'c']);
  const path = `/subscriptions/${subscription}/providers/Microsoft.VirtualMachineImages/imageTemplates?${newest}`;
  const all = await send(provider, 'GET', path);
  assert.equal(at(all.body, 'value', 2, 'name'), 'c');
});

test('a submission and a deletion that are interrupted go on where they were', async () => {
  await using service = await startImageBuilder({ jobs: true });
  const { provider, store, asked, trouble } = service;
  trouble.add('/storageAccounts/');
  await submit(service, withIdentity);
  const made = await send(provider, 'GET', `${id}?${newest}`);
  const staging = String(at(made.body, 'properties', 'exactStagingResourceGroup'));
  const groups = asked.filter((request) => /^PUT .*\/resourceGroups\/[^/]+$/.test(request));
  assert.deepEqual(groups, [`PUT ${staging}`, `PUT ${staging}`]);
  assert.equal(new Set(asked.filter((request) => request.includes('/storageAccounts/'))).size, 1);
  trouble.add('DELETE');
  await succeeded(service, await send(provider, 'DELETE', `${id}?${newest}`));
  assert.equal(await store.resources.get(staging), undefined);
  assert.equal(await store.resources.get(id), undefined);
});
