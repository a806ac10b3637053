import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceDraft, ResourceRecord } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { createAccessCheck } from './access-check.ts';
import { roleAssignmentDraft } from './assign-role.ts';
import { customRoleId, roleDefinitionType } from './role-records.ts';

const alice = { objectId: 'AAAAAAAA-0000-0000-0000-000000000001' };
const group = '/subscriptions/S1/resourceGroups/Images';
const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
const contributor = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
const reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const blobReader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1';
const imageRole = '99999999-0000-0000-0000-000000000009';

test('a role at a group holds for what is in the group, whatever the case of the id', async () => {
  const { access } = service(assignment(group, contributor));
  assert.equal(
    await access.allowed(
      alice,
      'Microsoft.Compute/images/write',
      `${group.toLowerCase()}/providers/Microsoft.Compute/images/a`,
    ),
    true,
  );
  assert.equal(await access.allowed(alice, 'Microsoft.Compute/images/write', group), true);
});

test('a role at a group holds neither above it nor in a group whose name goes on', async () => {
  const { access } = service(assignment(group, owner));
  assert.equal(await access.allowed(alice, 'Microsoft.Compute/images/read', '/subscriptions/S1'), false);
  assert.equal(await access.allowed(alice, 'Microsoft.Compute/images/read', `${group}2`), false);
});

test('a role at the root holds everywhere', async () => {
  const { access } = service(assignment('/', owner));
  assert.equal(await access.allowed(alice, 'Microsoft.Authorization/roleAssignments/write', group), true);
  assert.deepEqual(await access.scopesOf(alice), ['/']);
});

test('what a role takes back is not allowed by it, but may be by another role', async () => {
  const write = 'Microsoft.Authorization/roleAssignments/write';
  const { access } = service(assignment('/subscriptions/s1', contributor));
  assert.equal(await access.allowed(alice, write, group), false);
  const both = service(assignment('/subscriptions/s1', contributor), assignment(group, owner, 2));
  assert.equal(await both.access.allowed(alice, write, group), true);
  assert.equal(await both.access.allowed(alice, write, '/subscriptions/s1'), false);
});

test('rights on data and rights on resources do not stand in for each other', async () => {
  const { access } = service(assignment(group, blobReader));
  const read = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read';
  assert.equal(await access.allowed(alice, read, group, { dataAction: true }), true);
  assert.equal(await access.allowed(alice, read, group), false);
  const ownerOnly = service(assignment(group, owner));
  assert.equal(await ownerOnly.access.allowed(alice, read, group, { dataAction: true }), false);
});

test('a custom role gives what its record says, and an assignment of an unknown role gives nothing', async () => {
  const assigned = assignment(group, imageRole);
  assert.equal(await service(assigned).access.allowed(alice, 'Microsoft.Compute/images/read', group), false);
  const { access } = service(
    assigned,
    customRole(['Microsoft.Compute/images/*'], ['Microsoft.Compute/images/delete']),
  );
  assert.equal(await access.allowed(alice, 'Microsoft.Compute/images/read', group), true);
  assert.equal(await access.allowed(alice, 'Microsoft.Compute/images/delete', group), false);
});

test('nobody else has the rights of a principal', async () => {
  const { access } = service(assignment('/', owner));
  assert.equal(
    await access.allowed({ objectId: 'bbbbbbbb-0000-0000-0000-000000000002' }, 'a/read', '/'),
    false,
  );
});

test('answers come from memory until they are old, and a notice about roles ends that at once', async () => {
  const { access, rows, clock, notify } = service(assignment(group, reader));
  const canWrite = async (): Promise<boolean> =>
    access.allowed(alice, 'Microsoft.Compute/images/write', group);
  assert.equal(await canWrite(), false);
  rows.push(assignment(group, contributor, 3));
  assert.equal(await canWrite(), false);
  notify('/subscriptions/s1/resourcegroups/images/providers/microsoft.compute/images/a');
  assert.equal(await canWrite(), false);
  notify('/subscriptions/s1/providers/microsoft.authorization/roleassignments/x');
  assert.equal(await canWrite(), true);
  rows.splice(0);
  assert.equal(await canWrite(), true);
  clock.ms += 5_001;
  assert.equal(await canWrite(), false);
});

test('a read that fails is an error once and not remembered', async () => {
  const broken = service(assignment('/', owner));
  broken.fail(true);
  await assert.rejects(broken.access.allowed(alice, 'a/read', '/'), /database is away/);
  broken.fail(false);
  assert.equal(await broken.access.allowed(alice, 'a/read', '/'), true);
});

function service(...drafts: readonly ResourceDraft[]) {
  const rows = [...drafts];
  const clock = { ms: 0 };
  let failing = false;
  let listener: (key: string) => void = () => undefined;
  const resources: Pick<Store['resources'], 'list'> = {
    list: async ({ type }) => {
      if (failing) throw new Error('the database is away');
      const items = rows
        .filter((row) => row.type === type)
        .map((row): ResourceRecord => ({ ...row, etag: '1' }));
      return { items, next: undefined };
    },
  };
  const store = {
    resources,
    subscribe: (_topic: string, call: (key: string) => void) => {
      listener = call;
      return () => undefined;
    },
  };
  const access = createAccessCheck({ store, nowMs: () => clock.ms });
  return {
    access,
    rows,
    clock,
    notify: (key: string) => listener(key),
    fail: (value: boolean) => {
      failing = value;
    },
  };
}

function assignment(scope: string, role: string, number = 1): ResourceDraft {
  const by = { objectId: 'x', name: 'x', type: 'Application' } as const;
  return roleAssignmentDraft(
    { scope, role, principalId: alice.objectId, principalType: 'ServicePrincipal', by, now: new Date(0) },
    `00000000-0000-0000-0000-00000000000${number}`,
  );
}

function customRole(actions: readonly string[], notActions: readonly string[]): ResourceDraft {
  return {
    ...assignment('/', owner),
    id: customRoleId(imageRole),
    type: roleDefinitionType,
    name: imageRole,
    body: { properties: { permissions: [{ actions, notActions }] } },
  };
}
