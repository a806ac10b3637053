/** What becomes of a template after it was accepted, and what is refused before. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { suite, test } from 'node:test';
import { completeWindowsBody, smallBody } from '../../../arm/testing/template-bodies.ts';
import type { JsonObject } from '../../../model/json.ts';
import { governmentRegionsFeature, setFeatureState } from '../../features/feature-state.ts';
import { send } from '../../testing/arm-request.ts';
import {
  groupId,
  identityId,
  putResource,
  startImageBuilder,
  subscription,
  type ImageBuilderService,
} from '../testing/image-builder-service.ts';
import {
  at,
  completeLinuxBodyWithout,
  ended,
  newest,
  refusal,
  submit,
  succeeded,
  templateId as id,
  withIdentity,
  withProperties,
} from '../testing/replies.ts';

suite('submission', () => {
  test('artifacts are fetched, checked and copied once, and autoRun runs once', async () => {
    await using service = await startImageBuilder({ jobs: true });
    await using files = await serveFiles({ '/a.sh': 'echo a', '/f': 'text' });
    const sha256 = createHash('sha256').update('echo a').digest('hex');
    const customize = [
      { type: 'Shell', scriptUri: `${files.origin}/a.sh`, sha256Checksum: sha256 },
      { type: 'Shell', scriptUri: `${files.origin}/a.sh` },
      { type: 'File', sourceUri: `${files.origin}/f`, destination: '/tmp/f' },
    ];
    await submit(service, withProperties({ customize, autoRun: { state: 'Enabled' } }));
    assert.equal(service.files.length, 2);
    const [request, ...more] = service.runs.requests;
    assert.equal(more.length, 0);
    assert.deepEqual(
      request?.artifacts.find(({ uri }) => uri.endsWith('/a.sh')),
      { uri: `${files.origin}/a.sh`, container: 'artifacts', blobName: sha256, sizeBytes: 6, sha256 },
    );
  });

  const definition = `${groupId}/providers/Microsoft.Compute/galleries/g/images/d`;
  const gallery = { type: 'SharedImage', runOutputName: 'g', galleryImageId: definition };
  const failures: readonly (readonly [
    string,
    JsonObject,
    string,
    RegExp,
    (service: ImageBuilderService) => unknown,
  ])[] = [
    [
      'a platform image that nobody knows',
      { source: { type: 'PlatformImage', publisher: 'p', offer: 'unknown', sku: 's', version: 'latest' } },
      'BadPIRSource',
      /p:unknown:s:latest/,
      () => undefined,
    ],
    [
      'a definition that is not there',
      { distribute: [gallery] },
      'BadSharedImageDistribute',
      /was not found/,
      () => undefined,
    ],
    [
      'a definition that the identity may not write to',
      { distribute: [gallery] },
      'BadSharedImageDistribute',
      /^Not authorized to access the resource: .*\/images\/d\./,
      async (service) => service.denied.add('versions/write'),
    ],
    [
      'a script that cannot be had',
      { customize: [{ type: 'Shell', scriptUri: 'http://127.0.0.1:9/none.sh' }] },
      'NoCustomizerScript',
      /Downloading external file/,
      () => undefined,
    ],
    [
      'a staging group that is not empty',
      { stagingResourceGroup: groupId.replace('images-rg', 'full') },
      'BadStagingResourceGroup',
      /not empty/,
      async ({ store }) => {
        const full = groupId.replace('images-rg', 'full');
        await putResource(store, full, { location: 'westus2' });
        await putResource(store, `${full}/providers/Microsoft.Compute/images/i`);
      },
    ],
    [
      'a staging group of another template',
      { stagingResourceGroup: groupId.replace('images-rg', 'taken') },
      'BadStagingResourceGroup',
      /another image template/,
      async ({ store }) => {
        const tags = { imageTemplateName: 'other' };
        await putResource(store, groupId.replace('images-rg', 'taken'), { location: 'westus2', tags });
      },
    ],
  ];
  for (const [what, properties, code, message, prepare] of failures) {
    test(`${what} makes the template Failed and says why`, async () => {
      await using service = await startImageBuilder({ jobs: true });
      await prepare(service);
      const { provider } = service;
      const put = await send(provider, 'PUT', `${id}?${newest}`, { body: withProperties(properties) });
      assert.equal(put.status, 201, JSON.stringify(put.body));
      const operation = await ended(service, put);
      assert.equal(operation.status, 'Failed');
      assert.equal(operation.error?.code, 'ValidationFailed');
      const { body } = await send(provider, 'GET', `${id}?${newest}`);
      assert.equal(at(body, 'properties', 'provisioningState'), 'Failed');
      assert.equal(at(body, 'properties', 'provisioningError', 'provisioningErrorCode'), code);
      assert.match(String(at(body, 'properties', 'provisioningError', 'message')), message);
      assert.match(
        refusal(await send(provider, 'POST', `${id}/run?${newest}`)),
        /provisioning state: failed/,
      );
      assert.equal((await send(provider, 'PUT', `${id}?${newest}`, { body: withIdentity })).status, 409);
      await succeeded(service, await send(provider, 'DELETE', `${id}?${newest}`));
    });
  }

  test('a staging group that was there keeps standing, empty and without our tags', async () => {
    await using service = await startImageBuilder({ jobs: true });
    const given = groupId.replace('images-rg', 'given');
    await putResource(service.store, given, { location: 'westus2', tags: { mine: 'yes' } });
    const role = `${given}/providers/Microsoft.Authorization/roleAssignments/r`;
    await putResource(service.store, role);
    await submit(service, withProperties({ stagingResourceGroup: given }));
    const tags = (await service.store.resources.get(given))?.tags;
    assert.deepEqual([tags?.['mine'], tags?.['imageTemplateName']], ['yes', 'web']);
    await succeeded(service, await send(service.provider, 'DELETE', `${id}?${newest}`));
    const left = await service.store.resources.get(given);
    assert.deepEqual(left?.tags, { mine: 'yes' });
    assert.deepEqual(
      (await service.store.resources.list({ under: given }, { limit: 9 })).items.map((r) => r.id),
      [role],
    );
  });

  test('a staging group with a name of its own goes with its template', async () => {
    await using service = await startImageBuilder({ jobs: true });
    const named = groupId.replace('images-rg', 'named');
    await submit(
      service,
      withProperties({ stagingResourceGroup: named, managedResourceTags: { costs: '42' } }),
    );
    assert.equal((await service.store.resources.get(named))?.tags['costs'], '42');
    await succeeded(service, await send(service.provider, 'DELETE', `${id}?${newest}`));
    assert.equal(await service.store.resources.get(named), undefined);
  });
});

suite('what is refused at once', () => {
  const cases: readonly (readonly [string, JsonObject, number, string])[] = [
    ['an identity that is not there', completeLinuxBodyWithout(identityId), 400, 'FailedIdentityOperation'],
    [
      'no identity where rights are needed',
      { ...completeWindowsBody, identity: { type: 'None' } },
      400,
      'ValidationFailed',
    ],
    ['an unknown region', { ...smallBody, location: 'atlantis' }, 400, 'LocationNotAvailableForResourceType'],
    ['a preview region', { ...smallBody, location: 'usgovvirginia' }, 400, 'FeatureNotRegistered'],
    ['an unknown field', { ...smallBody, extra: 1 }, 400, 'ValidationFailed'],
  ];
  for (const [what, body, status, code] of cases) {
    test(`${what} is ${status} ${code}`, async () => {
      await using service = await startImageBuilder({ jobs: false });
      const reply = await send(service.provider, 'PUT', `${id}?${newest}`, { body });
      assert.deepEqual(
        [reply.status, at(reply.body, 'error', 'code')],
        [status, code],
        JSON.stringify(reply.body),
      );
      assert.equal(await service.store.resources.get(id), undefined);
    });
  }

  test('a registered feature opens its region, and the caller needs the right to assign the identity', async () => {
    await using service = await startImageBuilder({ jobs: false });
    await setFeatureState(service.store.settings, subscription, governmentRegionsFeature, 'Registered');
    const body = { ...smallBody, location: 'usgovvirginia' };
    assert.equal((await send(service.provider, 'PUT', `${id}?${newest}`, { body })).status, 201);
    service.denied.add('userAssignedIdentities/assign/action');
    const reply = await send(service.provider, 'PUT', `${id}2?${newest}`, { body: withIdentity });
    assert.deepEqual([reply.status, at(reply.body, 'error', 'code')], [403, 'LinkedAuthorizationFailed']);
  });

  test('of two PUTs at the same time one wins', async () => {
    await using service = await startImageBuilder({ jobs: false });
    const both = await Promise.all(
      [1, 2].map(async () => send(service.provider, 'PUT', `${id}?${newest}`, { body: smallBody })),
    );
    assert.deepEqual(
      both.map(({ status }) => status).sort((a, b) => a - b),
      [201, 409],
    );
  });
});

async function serveFiles(files: Readonly<Record<string, string>>) {
  const server = createServer((request, response) => {
    const text = files[request.url ?? ''];
    response.writeHead(text === undefined ? 404 : 200).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
