import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isJsonObject } from '../../model/json.ts';
import type { Principal } from '../../identity/principal.ts';
import { send, testPrincipal, type RequestOptions } from '../testing/arm-request.ts';
import { bodyOf, codeOf, propertiesOf, valueOf } from '../testing/reply.ts';
import { openTestService, subscription, type TestService } from '../testing/service.ts';
import type { ArmMethod, ArmReply } from '../resource-provider.ts';

const contributor = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
const application = {
  objectId: 'aaaaaaaa-0000-0000-0000-000000000001',
  appId: 'aaaaaaaa-0000-0000-0000-000000000002',
  displayName: 'pipeline',
};
const pipeline: Principal = { ...testPrincipal, objectId: application.objectId, name: application.appId };
const roles = 'providers/Microsoft.Authorization/roleDefinitions';
const assignments = 'providers/Microsoft.Authorization/roleAssignments';
const guid = (number: number): string =>
  `00000000-0000-0000-0000-0000000000${String(number).padStart(2, '0')}`;

test('az finds a role by its name, assigns it and lists the assignment', async () => {
  await using service = await openTestService({ applications: [application] });
  const group = await service.group('images');
  const found = await ask(service, 'GET', `${group}/${roles}?$filter=roleName%20eq%20'Contributor'`);
  const [role] = valueOf(found);
  assert.equal(role?.['id'], `${subscription}/${roles}/${contributor}`);

  const made = await assign(service, group, guid(1), { roleDefinitionId: role?.['id'] });
  assert.equal(made.status, 201);
  const { properties: _, ...outer } = bodyOf(made);
  const properties = propertiesOf(made);
  assert.deepEqual(outer, {
    id: `${group}/${assignments}/${guid(1)}`,
    type: 'Microsoft.Authorization/roleAssignments',
    name: guid(1),
  });
  assert.equal(properties['scope'], group);
  assert.equal(properties['principalType'], 'ServicePrincipal');
  assert.equal(await service.access.allowed(pipeline, 'Microsoft.Compute/images/write', group), true);

  const at = async (scope: string, filter: string): Promise<number> =>
    valueOf(await ask(service, 'GET', `${scope}/${assignments}?$filter=${encodeURIComponent(filter)}`))
      .length;
  assert.equal(await at(group, 'atScope()'), 1);
  assert.equal(await at(subscription, 'atScope()'), 0);
  assert.equal(await at(subscription, ''), 1);
  assert.equal(await at(subscription, `principalId eq '${application.objectId}'`), 1);
  assert.equal(await at(subscription, `principalId eq '${guid(9)}'`), 0);
  assert.equal(
    await at(
      `${group}/providers/Microsoft.Compute/images/a`,
      `atScope() and assignedTo('${application.objectId}')`,
    ),
    1,
  );

  const gone = await ask(service, 'DELETE', `${group}/${assignments}/${guid(1)}`);
  assert.equal(gone.status, 200);
  assert.equal((await ask(service, 'DELETE', `${group}/${assignments}/${guid(1)}`)).status, 204);
  assert.equal(await service.access.allowed(pipeline, 'Microsoft.Compute/images/write', group), false);
});

test('an assignment at the root shows its role as the subscription that asks names it', async () => {
  await using service = await openTestService({ applications: [application] });
  await assign(service, '', guid(1));
  const seen = async (scope: string): Promise<unknown> => {
    const [first] = valueOf(await ask(service, 'GET', `${scope}/${assignments}`));
    const properties = first?.['properties'];
    return isJsonObject(properties) ? properties['roleDefinitionId'] : undefined;
  };
  assert.equal(await seen(subscription), `${subscription}/${roles}/${contributor}`);
  assert.equal(await seen(''), `/${roles}/${contributor}`);
});

test('the same grant under another name is a conflict in the words that az looks for', async () => {
  await using service = await openTestService({ applications: [application] });
  const group = await service.group('images');
  await assign(service, group, guid(1));
  const again = await assign(service, group, guid(2));
  assert.equal(again.status, 409);
  assert.equal(codeOf(again), 'RoleAssignmentExists');
  assert.match(JSON.stringify(again.body), /role assignment already exists/);
  assert.equal((await assign(service, group, guid(1))).status, 201);
  const other = await assign(service, group, guid(1), { roleDefinitionId: `/${roles}/${owner}` });
  assert.equal(codeOf(other), 'RoleAssignmentUpdateNotPermitted');
});

test('assignments of what does not exist are refused, each in its own words', async () => {
  await using service = await openTestService({ applications: [application] });
  const group = await service.group('images');
  const code = async (properties: object, scope = group, name = guid(1)): Promise<string> =>
    codeOf(await assign(service, scope, name, properties));
  assert.equal(await code({ principalId: guid(7) }), 'PrincipalNotFound');
  assert.equal(await code({ principalId: 'me' }), 'InvalidPrincipalId');
  assert.equal(await code({ principalType: 'User' }), 'UnmatchedPrincipalType');
  assert.equal(await code({ roleDefinitionId: `/${roles}/${guid(8)}` }), 'RoleDefinitionDoesNotExist');
  assert.equal(
    await code({ condition: "@Resource[x] StringEquals 'y'", conditionVersion: '2.0' }),
    'ConditionsNotSupported',
  );
  assert.equal(await code({}, `${subscription}/resourceGroups/none`), 'ResourceGroupNotFound');
  assert.equal(await code({}, `${group}/providers/Microsoft.Compute/images/none`), 'ResourceNotFound');
  assert.equal(await code({}, group, 'not-a-guid'), 'InvalidRoleAssignmentId');
  assert.equal(
    (await assign(service, group, guid(1), { principalId: guid(7), principalType: 'Group' })).status,
    201,
  );
});

test('a custom role is seen where it can be assigned, gives its rights, and stays while it is used', async () => {
  await using service = await openTestService({ applications: [application] });
  await makeOwner(service);
  const group = await service.group('images');
  const body = custom('Image creator', [group]);
  const made = await ask(service, 'PUT', `${group}/${roles}/${guid(5)}`, { body });
  assert.equal(made.status, 201);
  const listed = async (scope: string): Promise<number> =>
    valueOf(await ask(service, 'GET', `${scope}/${roles}?$filter=type%20eq%20'CustomRole'`)).length;
  assert.equal(await listed(group), 1);
  assert.equal(await listed(subscription), 1);
  assert.equal(await listed(await service.group('other')), 0);
  const below = `${subscription}/${roles}?$filter=atScopeAndBelow()%20and%20type%20eq%20'CustomRole'`;
  assert.equal(valueOf(await ask(service, 'GET', below)).length, 1);

  const roleDefinitionId = `${subscription}/${roles}/${guid(5)}`;
  const elsewhere = await assign(service, subscription, guid(1), { roleDefinitionId });
  assert.equal(codeOf(elsewhere), 'RoleDefinitionNotAssignableAtScope');
  assert.equal((await assign(service, group, guid(1), { roleDefinitionId })).status, 201);
  assert.equal(await service.access.allowed(pipeline, 'Microsoft.Compute/images/write', group), true);
  assert.equal(await service.access.allowed(pipeline, 'Microsoft.Compute/images/delete', group), false);

  const used = await ask(service, 'DELETE', `${group}/${roles}/${guid(5)}`);
  assert.equal(codeOf(used), 'RoleDefinitionHasAssignments');
  await ask(service, 'DELETE', `${group}/${assignments}/${guid(1)}`);
  assert.equal((await ask(service, 'DELETE', `${group}/${roles}/${guid(5)}`)).status, 200);
  assert.equal((await ask(service, 'GET', `${group}/${roles}/${guid(5)}`)).status, 404);
});

test('nobody widens a role that reaches further than their own right to change roles', async () => {
  await using service = await openTestService({ applications: [application] });
  await makeOwner(service);
  const [mine, theirs] = [await service.group('mine'), await service.group('theirs')];
  await assign(service, mine, guid(1), { roleDefinitionId: `/${roles}/${owner}` });
  await ask(service, 'PUT', `${theirs}/${roles}/${guid(5)}`, { body: custom('Theirs', [theirs]) });
  const asPipeline = async (method: ArmMethod, path: string, body?: object): Promise<string> =>
    codeOf(await ask(service, method, path, { body, principal: pipeline }));
  assert.equal(
    await asPipeline('PUT', `${mine}/${roles}/${guid(5)}`, custom('Mine', [mine])),
    'LinkedAuthorizationFailed',
  );
  assert.equal(
    await asPipeline('PUT', `${mine}/${roles}/${guid(6)}`, custom('Wide', [mine, subscription])),
    'LinkedAuthorizationFailed',
  );
  assert.equal(await asPipeline('DELETE', `${mine}/${roles}/${guid(5)}`), 'LinkedAuthorizationFailed');
  assert.equal(await asPipeline('PUT', `${mine}/${roles}/${guid(6)}`, custom('Narrow', [mine])), '');
});

test('built-in roles and taken names cannot be written', async () => {
  await using service = await openTestService();
  await makeOwner(service);
  const put = async (name: string, roleName: string): Promise<string> =>
    codeOf(
      await ask(service, 'PUT', `${subscription}/${roles}/${name}`, {
        body: custom(roleName, [subscription]),
      }),
    );
  assert.equal(await put(contributor, 'Mine'), 'RoleDefinitionIsBuiltIn');
  assert.equal(await put(guid(1), 'reader'), 'RoleDefinitionWithSameNameExists');
  assert.equal(await put(guid(1), 'Mine'), '');
  assert.equal(await put(guid(2), 'mine'), 'RoleDefinitionWithSameNameExists');
  assert.equal(await put('x', 'Other'), 'InvalidRoleDefinitionId');
});

test('permissions tell the caller what the roles at a scope give', async () => {
  await using service = await openTestService();
  await makeOwner(service);
  const path = `${subscription}/providers/Microsoft.Authorization/permissions`;
  assert.deepEqual(valueOf(await ask(service, 'GET', path)), [
    { actions: ['*'], notActions: [], dataActions: [], notDataActions: [] },
  ]);
  assert.deepEqual(valueOf(await ask(service, 'GET', path, { principal: pipeline })), []);
});

async function ask(
  service: TestService,
  method: ArmMethod,
  path: string,
  options: RequestOptions = {},
): Promise<ArmReply> {
  return send(service.authorization, method, path, options);
}

async function assign(
  service: TestService,
  scope: string,
  name: string,
  properties: object = {},
): Promise<ArmReply> {
  const usual = {
    roleDefinitionId: `${subscription}/${roles}/${contributor}`,
    principalId: application.objectId,
  };
  return ask(service, 'PUT', `${scope}/${assignments}/${name}`, {
    body: { properties: { ...usual, ...properties } },
  });
}

async function makeOwner(service: TestService): Promise<void> {
  const principal = { principalId: testPrincipal.objectId, principalType: 'ServicePrincipal' };
  const reply = await assign(service, subscription, guid(99), {
    ...principal,
    roleDefinitionId: `/${roles}/${owner}`,
  });
  assert.equal(reply.status, 201);
}

function custom(roleName: string, assignableScopes: readonly string[]): object {
  const permissions = [
    { actions: ['Microsoft.Compute/images/*'], notActions: ['Microsoft.Compute/images/delete'] },
  ];
  return { properties: { roleName, type: 'CustomRole', permissions, assignableScopes } };
}
