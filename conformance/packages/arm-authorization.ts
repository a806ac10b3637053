/** Roles with `@azure/arm-authorization` for identities made with `@azure/arm-msi`. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { polling } from '../sdk.ts';
import { location } from '../templates.ts';
import { groupId, namesOf, type SdkSuite } from './suite.ts';

const group = 'rights';

export function describeAuthorization(suite: () => SdkSuite): void {
  describe('@azure/arm-msi and @azure/arm-authorization', () => {
    test('an identity keeps its ids through changes, and is listed', async () => {
      const { resources, identities } = suite().sdk;
      await resources.resourceGroups.createOrUpdate(group, { location });
      const { userAssignedIdentities } = identities;
      const made = await userAssignedIdentities.createOrUpdate(group, 'someone', { location });
      assert.match(made.principalId ?? '', /^[0-9a-f-]{36}$/);
      const changed = await userAssignedIdentities.update(group, 'someone', { tags: { a: 'b' } });
      assert.deepEqual(changed.tags, { a: 'b' });
      const again = await userAssignedIdentities.get(group, 'someone');
      assert.deepEqual([again.principalId, again.clientId], [made.principalId, made.clientId]);
      assert.deepEqual(await namesOf(userAssignedIdentities.listByResourceGroup(group)), ['someone']);
      assert.ok((await namesOf(userAssignedIdentities.listBySubscription())).includes('someone'));
    });

    test('a custom role is made, given once, and kept as long as somebody has it', async () => {
      const { identities, authorization } = suite().sdk;
      const { roleAssignments, roleDefinitions } = authorization;
      const scope = groupId(suite(), group);
      const roleId = randomUUID();
      const permissions = [{ actions: ['Microsoft.Compute/images/read'], notActions: [] }];
      const role = await roleDefinitions.createOrUpdate(scope, roleId, {
        ...{ roleName: 'Image Reader of the Suite', description: 'reads', permissions },
        assignableScopes: [scope],
      });
      assert.equal(role.roleType, 'CustomRole');
      const read = await roleDefinitions.get(scope, roleId);
      assert.deepEqual(read.permissions?.[0]?.actions, ['Microsoft.Compute/images/read']);

      const { principalId = '' } = await identities.userAssignedIdentities.get(group, 'someone');
      const name = randomUUID();
      const wish = { roleDefinitionId: role.id ?? '', principalId, principalType: 'ServicePrincipal' };
      await roleAssignments.create(scope, name, wish);
      const assigned = await roleAssignments.get(scope, name);
      assert.deepEqual([assigned.principalId, assigned.roleDefinitionId], [principalId, role.id]);
      await assert.rejects(roleAssignments.create(scope, randomUUID(), wish), {
        code: 'RoleAssignmentExists',
      });
      const filter = `principalId eq '${principalId}'`;
      assert.deepEqual(await namesOf(roleAssignments.listForScope(scope, { filter })), [name]);
      await assert.rejects(roleDefinitions.delete(scope, roleId), { code: 'RoleDefinitionHasAssignments' });
      await roleAssignments.delete(scope, name);
      await assert.rejects(roleAssignments.get(scope, name), { statusCode: 404 });
      await roleDefinitions.delete(scope, roleId);
      await assert.rejects(roleDefinitions.get(scope, roleId), { statusCode: 404 });
    });

    test('built-in roles are found by name and cannot be removed', async () => {
      const { roleDefinitions } = suite().sdk.authorization;
      const scope = groupId(suite(), group);
      const filter = "roleName eq 'Contributor'";
      const [contributor, ...more] = await Array.fromAsync(roleDefinitions.list(scope, { filter }));
      assert.deepEqual([contributor?.name, more], ['b24988ac-6180-42a0-ab88-20f7382dd24c', []]);
      await assert.rejects(roleDefinitions.delete(scope, contributor?.name ?? ''));
    });

    test('the owner may do everything, and nothing is denied', async () => {
      const { permissions, denyAssignments } = suite().sdk.authorization;
      const allowed = await Array.fromAsync(permissions.listForResourceGroup(group));
      assert.ok(allowed.some(({ actions }) => actions?.includes('*')));
      assert.deepEqual(await namesOf(denyAssignments.listForScope(groupId(suite(), group))), []);
    });

    test('an identity is deleted, and its group after it', async () => {
      const { identities, resources } = suite().sdk;
      await identities.userAssignedIdentities.delete(group, 'someone');
      await assert.rejects(identities.userAssignedIdentities.get(group, 'someone'), { statusCode: 404 });
      await resources.resourceGroups.beginDeleteAndWait(group, polling);
    });
  });
}
