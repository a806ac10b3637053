import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { endOperation } from '../providers/arm/long-running.ts';
import { field, openTestApp, origin, owner, reader, type TestApp } from './testing/test-app.ts';
import { addGroup, createWidgetProvider, gatedProvider } from './testing/widgets.ts';

let service: TestApp;
const v = '?api-version=2024-01-01';
const group = '/subscriptions/{s}/resourceGroups/Shop';
const widgets = `${group}/providers/Microsoft.Widgets/widgets`;
const body = { location: 'West US 2', properties: { size: 1 } };

before(async () => {
  service = await openTestApp({ providers: (store) => [createWidgetProvider(store), gatedProvider] });
  await addGroup(service.store, service.subscriptionId, 'Shop');
});
after(async () => service[Symbol.asyncDispose]());

test('a resource is made, read, changed, listed and deleted, whatever the case of the path', async () => {
  const made = await service.send('PUT', `${widgets}/One${v}`, { body: { ...body, tags: { a: 'b' } } });
  assert.equal(made.status, 201);
  assert.equal(field(made.body, 'location'), 'westus2');
  const id = `/subscriptions/${service.subscriptionId}/resourceGroups/Shop/providers/Microsoft.Widgets/widgets/One`;
  assert.equal(field(made.body, 'id'), id);
  const path = `${widgets}/One`.replace('{s}', service.subscriptionId.toUpperCase()).toUpperCase();
  const read = await service.send('GET', `${path}?API-VERSION=2024-01-01`);
  assert.deepEqual(read.body, made.body);
  const changed = await service.send('PATCH', `${widgets}/one${v}`, {
    body: { properties: { color: 'red' } },
  });
  assert.deepEqual(field(changed.body, 'properties'), {
    size: 1,
    color: 'red',
    provisioningState: 'Succeeded',
  });
  assert.deepEqual(field(changed.body, 'tags'), { a: 'b' });
  assert.equal((await service.send('PUT', `${widgets}/ONE${v}`, { body })).status, 200);
  const part = await service.send('PUT', `${widgets}/one/parts/p${v}`, { body: { properties: { size: 2 } } });
  assert.equal(part.status, 201);
  assert.equal((await service.send('HEAD', `${widgets}/one${v}`)).status, 204);
  for (const list of [widgets, '/subscriptions/{s}/providers/Microsoft.Widgets/widgets']) {
    assert.equal(valuesOf((await service.send('GET', `${list}${v}`)).body).length, 1);
  }
  assert.equal(valuesOf((await service.send('GET', `${widgets}/one/parts${v}`)).body).length, 1);
  assert.equal((await service.send('DELETE', `${widgets}/one${v}`)).status, 200);
  assert.equal((await service.send('DELETE', `${widgets}/one${v}`)).status, 204);
  assert.equal((await service.send('GET', `${widgets}/one/parts/p${v}`)).code, 'ResourceNotFound');
});

test('what cannot be routed is refused in the words of Azure', async () => {
  const cases: readonly (readonly [string, string, number, string])[] = [
    ['GET', widgets, 400, 'MissingApiVersionParameter'],
    ['GET', `${widgets}?api-version=latest`, 400, 'InvalidApiVersionParameter'],
    ['GET', `${widgets}?api-version=2001-01-01`, 400, 'NoRegisteredProviderFound'],
    ['GET', `/subscriptions?api-version=2001-01-01`, 400, 'InvalidApiVersionParameter'],
    ['GET', `${group}/providers/Microsoft.Nope/x${v}`, 404, 'InvalidResourceNamespace'],
    ['GET', `${group}/providers/Microsoft.Widgets/nopes${v}`, 404, 'InvalidResourceType'],
    ['GET', `/providers/Microsoft.Widgets/widgets/x${v}`, 404, 'MissingSubscription'],
    ['GET', `/subscriptions/{s}/providers/Microsoft.Widgets/widgets/x${v}`, 404, 'InvalidResourceType'],
    [
      'GET',
      `/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.Widgets/widgets${v}`,
      404,
      'SubscriptionNotFound',
    ],
    ['GET', `/subscriptions/me/providers/Microsoft.Widgets/widgets${v}`, 404, 'InvalidSubscriptionId'],
    [
      'GET',
      `/subscriptions/{s}/resourceGroups/none/providers/Microsoft.Widgets/widgets${v}`,
      404,
      'ResourceGroupNotFound',
    ],
    [
      'GET',
      `/subscriptions/{s}/resourceGroups/none/providers/Microsoft.Widgets/widgets/x${v}`,
      404,
      'ResourceGroupNotFound',
    ],
    ['GET', `${widgets}/none${v}`, 404, 'ResourceNotFound'],
    ['PUT', `${widgets}/none/parts/p${v}`, 404, 'ParentResourceNotFound'],
    ['POST', `${widgets}/none/shine${v}`, 404, 'NotFound'],
    ['POST', `${widgets}/none${v}`, 405, 'MethodNotAllowed'],
    ['DELETE', `/subscriptions${v}`, 405, 'MethodNotAllowed'],
    ['GET', `/nowhere${v}`, 404, 'NotFound'],
    ['GET', `/${v}`, 404, 'NotFound'],
    ['PUT', `${widgets}/a%00b${v}`, 400, 'InvalidRequestUri'],
    ['PUT', `${widgets}/%ZZ${v}`, 400, 'InvalidRequestUri'],
    ['PUT', `${widgets}/a%2Fb${v}`, 400, 'InvalidRequestUri'],
    ['PUT', `${widgets}/..%5Cb${v}`, 400, 'InvalidRequestUri'],
    ['PUT', `${widgets}/${'x'.repeat(200)}${v}`, 400, 'InvalidResourceName'],
    ['GET', `${widgets}${v}&$skipToken=%00`, 400, 'InvalidSkipToken'],
    ['GET', `${widgets}${v}&$top=-1`, 400, 'InvalidParameter'],
  ];
  for (const [method, path, status, code] of cases) {
    const answer = await service.send(method, path, method === 'PUT' ? { body } : {});
    assert.deepEqual([answer.status, answer.code], [status, code], `${method} ${path}`);
  }
  const { message } = await service.send('GET', `${widgets}?api-version=2001-01-01`);
  assert.match(message ?? '', /The supported api-versions are '2024-01-01, 2023-01-01'\./);
});

test('bad bodies are refused and never reach the store', async () => {
  const cases: readonly (readonly [unknown, number, string])[] = [
    ['{', 400, 'InvalidRequestContent'],
    ['"text"', 400, 'InvalidRequestContent'],
    ['[]', 400, 'InvalidRequestContent'],
    ['', 400, 'InvalidRequestContent'],
    ['{"__proto__": {"location": "westus2"}}', 400, 'InvalidRequestContent'],
    ['{"location": "westus2", "tags": {"a": "\\u0000"}}', 400, 'InvalidRequestContent'],
    ['{"location": "westus2", "tags": {"a": "\\ud800"}}', 400, 'InvalidRequestContent'],
    [`{"a": ${'['.repeat(5000)}${']'.repeat(5000)}}`, 400, 'InvalidRequestContent'],
    ['{"location": "westus2", "properties": {"size": 1e999}}', 400, 'InvalidRequestContent'],
    [{ properties: { size: 1 } }, 400, 'LocationRequired'],
    [{ ...body, location: 'the moon' }, 400, 'LocationNotAvailableForResourceType'],
    [{ ...body, properties: { size: 'big' } }, 400, 'InvalidRequestContent'],
    [{ ...body, tags: { a: 1 } }, 400, 'InvalidRequestContent'],
    ['x'.repeat(5 * 1024 * 1024), 413, 'RequestContentTooLarge'],
  ];
  for (const [sent, status, code] of cases) {
    const answer = await service.send('PUT', `${widgets}/bad${v}`, { body: sent });
    assert.deepEqual([answer.status, answer.code], [status, code], JSON.stringify(sent).slice(0, 80));
  }
  assert.equal((await service.send('GET', `${widgets}/bad${v}`)).status, 404);
});

test('without a good token nothing is told, and the answer says where tokens come from', async () => {
  for (const token of [null, 'x', 'a.b.c']) {
    const answer = await service.send('GET', `${widgets}${v}`, { token });
    assert.equal(answer.status, 401);
    assert.match(
      answer.headers.get('www-authenticate') ?? '',
      new RegExp(`^Bearer authorization_uri="${origin}/`),
    );
  }
});

test('rights are asked for where the request reaches', async () => {
  const scope = `/subscriptions/${service.subscriptionId}/resourceGroups/shop`;
  const { token } = await service.login(reader, scope);
  assert.equal((await service.send('GET', `${widgets}${v}`, { token })).status, 200);
  const refused = await service.send('PUT', `${widgets}/mine${v}`, { token, body });
  assert.deepEqual([refused.status, refused.code], [403, 'AuthorizationFailed']);
  assert.match(
    refused.message ?? '',
    /perform action 'Microsoft\.Widgets\/widgets\/write' over scope '\/subscriptions\//,
  );
  const action = await service.send('POST', `${widgets}/mine/POLISH${v}`, { token });
  assert.match(action.message ?? '', /'Microsoft\.Widgets\/widgets\/polish\/action'/);
  const outside = await service.send('GET', `/subscriptions/{s}/providers/Microsoft.Widgets/widgets${v}`, {
    token,
  });
  assert.equal(outside.code, 'AuthorizationFailed');
  const { token: stranger } = await service.login(reader, '/subscriptions/elsewhere');
  const none = await service.send('GET', '/subscriptions?api-version=2022-12-01', { token: stranger });
  assert.deepEqual(valuesOf(none.body), []);
});

test('a namespace that wants registration says so until it is registered', async () => {
  const list = '/subscriptions/{s}/providers/Microsoft.Gated/gates?api-version=2024-01-01';
  const at = '/subscriptions/{s}/providers/Microsoft.Gated';
  assert.deepEqual(pick(await service.send('GET', list)), [409, 'MissingSubscriptionRegistration']);
  const registered = await service.send('POST', `${at}/register?api-version=2021-04-01`);
  assert.equal(field(registered.body, 'registrationState'), 'Registered');
  assert.equal((await service.send('GET', list)).status, 200);
  await service.send('POST', `${at}/unregister?api-version=2021-04-01`);
  assert.equal((await service.send('GET', list)).status, 409);
});

test('provider documents list types, versions and places', async () => {
  const answer = await service.send(
    'GET',
    '/subscriptions/{s}/providers/microsoft.widgets?api-version=2021-04-01',
  );
  assert.equal(field(answer.body, 'namespace'), 'Microsoft.Widgets');
  const types = listOf(field(answer.body, 'resourceTypes'));
  const widget = types.find((type) => field(type, 'resourceType') === 'widgets');
  assert.deepEqual(field(widget, 'apiVersions'), ['2024-01-01', '2023-01-01']);
  assert.ok(listOf(field(widget, 'locations')).includes('West US 2'));
  const operations = await service.send(
    'GET',
    '/providers/Microsoft.Widgets/operations?api-version=2024-01-01',
  );
  assert.equal(field(valuesOf(operations.body)[0], 'name'), 'Microsoft.Widgets/widgets/read');
});

test('operations can be followed by status and by HTTP code alone', async () => {
  await service.send('PUT', `${widgets}/slow${v}`, { body });
  const started = await service.send('POST', `${widgets}/slow/polish${v}`);
  assert.equal(started.status, 202);
  const status = new URL(started.headers.get('azure-asyncoperation') ?? '');
  const result = new URL(started.headers.get('location') ?? '');
  assert.equal(status.origin, origin);
  const id = status.pathname.split('/').at(-1) ?? '';
  const running = await service.send('GET', status.href);
  assert.deepEqual([running.status, field(running.body, 'status')], [200, 'InProgress']);
  assert.ok(Number(running.headers.get('retry-after')) > 0);
  assert.equal((await service.send('GET', result.href)).status, 202);
  const error = { code: 'Broken', message: 'It broke.' };
  await endOperation(service.store, id, { status: 'Failed', error });
  const failed = await service.send('GET', status.href);
  assert.deepEqual([field(failed.body, 'status'), field(failed.body, 'error')], ['Failed', error]);
  assert.deepEqual(pick(await service.send('GET', result.href)), [409, 'Broken']);
  const unknown = status.href.replace(id, '00000000-0000-0000-0000-000000000000');
  assert.equal((await service.send('GET', unknown)).status, 404);
  const elsewhere = status.href.replace('Microsoft.Widgets', 'Microsoft.Gated');
  assert.equal((await service.send('GET', elsewhere)).status, 404);
});

test('types that answer with operations let them be followed to the resource and to its end', async () => {
  const gadget = `${group}/providers/Microsoft.Widgets/gadgets/g`;
  const made = await service.send('PUT', `${gadget}${v}`, { body });
  assert.equal(made.status, 201);
  const status = await service.send('GET', made.headers.get('azure-asyncoperation') ?? '');
  assert.equal(field(status.body, 'status'), 'Succeeded');
  const tagged = await service.send('PATCH', `${gadget}${v}`, {
    body: { tags: { a: 'b' }, properties: { size: 9 } },
  });
  assert.deepEqual(field(tagged.body, 'tags'), { a: 'b' });
  assert.deepEqual(field(tagged.body, 'properties'), { size: 1, provisioningState: 'Succeeded' });
  const moved = await service.send('PUT', `${gadget}${v}`, { body: { ...body, location: 'eastus' } });
  assert.deepEqual(pick(moved), [409, 'InvalidResourceLocation']);
  const gone = await service.send('DELETE', `${gadget}${v}`);
  assert.equal(gone.status, 202);
  assert.equal((await service.send('GET', gone.headers.get('location') ?? '')).status, 204);
});

test('extension resources hang on anything', async () => {
  const text = { body: { properties: { text: 'hello' } } };
  for (const scope of [
    '/subscriptions/{s}',
    group,
    `${widgets}/any`,
    '/providers/Microsoft.Management/managementGroups/m',
  ]) {
    const made = await service.send('PUT', `${scope}/providers/Microsoft.Widgets/notes/n${v}`, text);
    assert.equal(made.status, 201, scope);
    const listed = await service.send('GET', `${scope}/providers/microsoft.widgets/NOTES${v}`);
    assert.ok(
      valuesOf(listed.body).some((note) => field(note, 'id') === field(made.body, 'id')),
      scope,
    );
  }
});

test('defects tell a correlation id and nothing of the inside', async () => {
  const correlation = '12345678-1234-1234-1234-123456789012';
  const headers = { 'x-ms-correlation-request-id': correlation };
  const crashed = await service.send('POST', `${widgets}/slow/crash${v}`, { headers });
  assert.deepEqual(pick(crashed), [500, 'InternalServerError']);
  assert.ok(crashed.message?.includes(correlation));
  assert.ok(!crashed.message?.includes('secret'));
  assert.equal(crashed.headers.get('x-ms-correlation-request-id'), correlation);
  assert.match(crashed.headers.get('x-ms-request-id') ?? '', /^[0-9a-f-]{36}$/);
});

test('old api-versions of a provider may show their errors without an envelope', async () => {
  const answer = await service.send('POST', `${widgets}/slow/fail?api-version=2023-01-01`);
  assert.deepEqual(answer.body, { code: 'Teapot', message: 'It is one.' });
  assert.equal((await service.send('POST', `${widgets}/slow/fail${v}`)).code, 'Teapot');
});

test('conditional writes keep what somebody else changed', async () => {
  const made = await service.send('PUT', `${widgets}/etag${v}`, { body });
  const etag = made.headers.get('etag') ?? '';
  const again = await service.send('PUT', `${widgets}/etag${v}`, { body, headers: { 'If-Match': etag } });
  assert.equal(again.status, 200);
  const late = await service.send('PUT', `${widgets}/etag${v}`, { body, headers: { 'If-Match': etag } });
  assert.deepEqual(pick(late), [412, 'PreconditionFailed']);
  const fresh = await service.send('PUT', `${widgets}/etag${v}`, { body, headers: { 'If-None-Match': '*' } });
  assert.equal(fresh.status, 412);
  assert.equal(
    (await service.send('DELETE', `${widgets}/etag${v}`, { headers: { 'If-Match': etag } })).status,
    412,
  );
});

test('lists come in pages that meet', async () => {
  const names = Array.from({ length: 7 }, (_, index) => `page${index}`);
  for (const name of names) await service.send('PUT', `${widgets}/${name}${v}`, { body });
  const seen: unknown[] = [];
  let next: string | undefined = `${widgets}${v}&$top=3`;
  while (next !== undefined) {
    const { body: page } = await service.send('GET', next);
    seen.push(...valuesOf(page).map((item) => field(item, 'name')));
    const link = field(page, 'nextLink');
    next = typeof link === 'string' ? link : undefined;
  }
  assert.equal(new Set(seen).size, seen.length);
  for (const name of names) assert.ok(seen.includes(name));
});

test('every write is told to the activity log with its end, reads are not', async () => {
  const earlier = service.activities.length;
  await service.send('GET', `${widgets}${v}`);
  await service.send('PUT', `${widgets}/told${v}`, { body });
  await service.send('PUT', `${widgets}/told${v}`, { body: {} });
  const told = service.activities
    .slice(earlier)
    .map(({ action, status, errorCode }) => [action, status, errorCode]);
  assert.deepEqual(told, [
    ['Microsoft.Widgets/widgets/write', 201, undefined],
    ['Microsoft.Widgets/widgets/write', 400, 'LocationRequired'],
  ]);
});

test('one provider asks another with the rights of its caller', async () => {
  const login = await service.login(reader, '/');
  const caller = {
    objectId: login.objectId,
    tenantId: service.tenantId,
    name: login.appId,
    type: 'Application',
  } as const;
  const ask = { correlationId: 'c', signal: new AbortController().signal, principal: caller } as const;
  const path = widgets.replace('{s}', service.subscriptionId);
  const listed = await service.app.dispatch({ ...ask, method: 'GET', path, body: undefined });
  assert.equal(listed.status, 200);
  await assert.rejects(
    service.app.dispatch({ ...ask, method: 'DELETE', path: `${path}/told`, body: undefined }),
    {
      status: 403,
    },
  );
});

test('applications get tokens that count, from every authority', async () => {
  const { appId, secret } = await service.login(owner, '/');
  const form = { grant_type: 'client_credentials', client_id: appId, client_secret: secret };
  const calls: readonly (readonly [string, Record<string, string>])[] = [
    ['/adfs/oauth2/token', { scope: `${origin}//.default` }],
    [`/${service.tenantId}/oauth2/v2.0/token`, { scope: 'https://management.azure.com/.default' }],
    ['/organizations/oauth2/v2.0/token', { scope: 'https://management.core.windows.net//.default' }],
    [`/${service.tenantId}/oauth2/token`, { resource: 'https://management.azure.com/' }],
  ];
  for (const [path, more] of calls) {
    const answer = await post(path, { ...form, ...more });
    assert.equal(answer.status, 200, path);
    const token = String(field(answer.body, 'access_token'));
    const tenants = await service.send('GET', '/tenants?api-version=2022-12-01', { token });
    assert.equal(field(valuesOf(tenants.body)[0], 'tenantId'), service.tenantId);
  }
  const bad: readonly (readonly [Record<string, string>, number, number])[] = [
    [{ ...form, client_secret: 'wrong' }, 401, 7_000_215],
    [{ ...form, client_id: '00000000-0000-0000-0000-000000000000' }, 400, 700_016],
    [{ ...form, scope: 'https://elsewhere.example/.default' }, 400, 500_011],
    [{ ...form, grant_type: 'password' }, 400, 70_003],
    [{ client_id: appId }, 400, 900_144],
    [{ ...form, padding: 'x'.repeat(100_000) }, 400, 90_015],
  ];
  for (const [fields, status, number] of bad) {
    const answer = await post('/common/oauth2/v2.0/token', { scope: `${origin}/.default`, ...fields });
    assert.deepEqual([answer.status, field(answer.body, 'error_codes')], [status, [number]]);
  }
  assert.equal((await post('/strangers/oauth2/v2.0/token', form)).status, 400);
});

test('clients find endpoints and keys without a token', async () => {
  const old = await service.send('GET', '/metadata/endpoints?api-version=2015-01-01', { token: null });
  assert.equal(field(field(old.body, 'authentication'), 'loginEndpoint'), `${origin}/adfs`);
  const list = await service.send('GET', '/metadata/endpoints?api-version=2019-05-01', { token: null });
  assert.equal(field(listOf(list.body)[0], 'resourceManager'), `${origin}/`);
  const one = await service.send('GET', '/metadata/endpoints?api-version=2022-09-01', { token: null });
  assert.equal(field(field(one.body, 'authentication'), 'loginEndpoint'), origin);
  const document = await service.send('GET', `/${service.tenantId}/v2.0/.well-known/openid-configuration`, {
    token: null,
  });
  const keys = await service.send('GET', String(field(document.body, 'jwks_uri')), { token: null });
  const [key] = listOf(field(keys.body, 'keys'));
  assert.deepEqual([field(key, 'kty'), field(key, 'd')], ['RSA', undefined]);
  const instance = await service.send('GET', '/common/discovery/instance?api-version=1.1', { token: null });
  assert.match(
    String(field(instance.body, 'tenant_discovery_endpoint')),
    /\/v2\.0\/\.well-known\/openid-configuration$/,
  );
});

function valuesOf(body: unknown): readonly unknown[] {
  return listOf(field(body, 'value'));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function pick({
  status,
  code,
}: {
  readonly status: number;
  readonly code: string | undefined;
}): readonly unknown[] {
  return [status, code];
}

async function post(path: string, form: Readonly<Record<string, string>>) {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  return service.send('POST', path, { token: null, headers, body: new URLSearchParams(form).toString() });
}
