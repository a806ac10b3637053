/** `Microsoft.Authorization/roleDefinitions`: the built-in roles, read only, and custom roles of the tenant. */
import { z } from 'zod';
import { ArmError } from '../../arm/arm-error.ts';
import { list, optional, readOnly, text } from '../../arm/wire/scalars.ts';
import type { AccessCheck } from '../../identity/access/access-check.ts';
import { builtInRole, builtInRoles } from '../../identity/access/built-in-roles.ts';
import {
  customRoleId,
  readRoleAssignment,
  roleAssignmentType,
  roleDefinitionType,
} from '../../identity/access/role-records.ts';
import { coversScope, scopeKey } from '../../identity/access/scope.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import { listAll } from '../../store/list-all.ts';
import type { ResourceDraft, ResourceRecord } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { queryParameter } from '../arm/paging.ts';
import { readBody } from '../arm/request-body.ts';
import { stamp } from '../arm/system-data.ts';
import type { ArmReply, ArmRequest, ResourceTypeDefinition } from '../resource-provider.ts';
import { linkedAuthorizationFailed } from './linked-authorization.ts';
import { readRoleFilter, type RoleFilter } from './role-filter.ts';
import { isGuid, scopeOf } from './role-scope.ts';
import { builtInRoleWire, customRoleWire } from './role-wire.ts';

export interface RoleDefinitionDeps {
  readonly store: Store;
  readonly access: AccessCheck;
  readonly now: () => Date;
}

const actionText = text({
  expected: 'an action such as Microsoft.Compute/images/read, with * as a wildcard',
  accepts: (value) => /^[\w.*/-]+$/.test(value),
  maxLength: 512,
});
const scopeText = text({
  expected: 'the id of a subscription, a resource group or a resource',
  accepts: (value) => /^\/subscriptions\/[^/]+(\/|$)/i.test(value),
});
const actions = optional(list(actionText, 2000));

const body = z.object({
  properties: z.object({
    roleName: text({
      expected: 'a role name of 1 to 128 characters',
      accepts: (value) => value.trim() !== '',
      maxLength: 128,
    }),
    description: optional(z.string().max(1024)),
    type: readOnly,
    permissions: list(
      z.object({ actions, notActions: actions, dataActions: actions, notDataActions: actions }),
      64,
    ),
    assignableScopes: list(scopeText, 2000),
  }),
});

type RoleBody = z.output<typeof body>;

export function roleDefinitions(
  deps: RoleDefinitionDeps,
  apiVersions: readonly string[],
): ResourceTypeDefinition {
  return {
    type: 'roleDefinitions',
    apiVersions,
    location: 'global',
    scope: 'extension',
    get: async (request) => getRole(deps, request),
    put: async (request) => putRole(deps, request),
    delete: async (request) => deleteRole(deps, request),
    list: async (request) => listRoles(deps, request),
  };
}

async function getRole({ store }: RoleDefinitionDeps, request: ArmRequest): Promise<ArmReply> {
  const [scope, name] = [scopeOf(request.target), nameOf(request)];
  const builtIn = builtInRole(name);
  if (builtIn !== undefined) return { status: 200, body: builtInRoleWire(builtIn, scope) };
  const custom = await store.resources.get(customRoleId(name));
  if (custom === undefined) throw roleNotFound(name);
  return { status: 200, body: customRoleWire(custom, scope) };
}

async function listRoles({ store }: RoleDefinitionDeps, request: ArmRequest): Promise<ArmReply> {
  const scope = scopeOf(request.target);
  const filter = readRoleFilter(queryParameter(request.url, '$filter'));
  const custom = await Array.fromAsync(listAll(store.resources, { type: roleDefinitionType }));
  const value = [
    ...custom
      .filter((record) => isSeenFrom(record, scope) && wanted(filter, roleNameOf(record), 'CustomRole'))
      .map((record) => customRoleWire(record, scope)),
    ...builtInRoles
      .filter(({ roleName }) => wanted(filter, roleName, 'BuiltInRole'))
      .map((role) => builtInRoleWire(role, scope)),
  ];
  return { status: 200, body: { value } };
}

async function putRole(deps: RoleDefinitionDeps, request: ArmRequest): Promise<ArmReply> {
  const [scope, name] = [scopeOf(request.target), nameOf(request)];
  if (!isGuid(name)) {
    throw new ArmError(
      400,
      'InvalidRoleDefinitionId',
      `The role definition ID '${name.slice(0, 90)}' is not valid. The role definition ID must be a GUID.`,
    );
  }
  if (builtInRole(name) !== undefined) throw builtInIsFixed();
  const { properties } = readBody(request, body);
  if (properties.assignableScopes.length === 0) {
    throw new ArmError(
      400,
      'RoleDefinitionHasNoAssignableScopes',
      'The role definition must have at least one assignable scope.',
    );
  }
  const before = await deps.store.resources.get(customRoleId(name));
  // Whoever changes a role changes what its holders may do: the right is needed wherever it can be assigned.
  await requireRight(deps.access, request, 'write', [
    ...properties.assignableScopes,
    ...(before === undefined ? [] : assignableScopes(before)),
  ]);
  const draft = customRoleDraft(request, { name, properties, before, now: deps.now() });
  if (builtInRoles.some(({ roleName }) => sameText(roleName, properties.roleName))) {
    throw nameTaken(properties.roleName);
  }
  const record = await deps.store.transaction(async ({ resources }) => {
    for await (const other of listAll(resources, { type: roleDefinitionType })) {
      if (other.name !== name && sameText(roleNameOf(other), properties.roleName))
        throw nameTaken(properties.roleName);
    }
    return before === undefined ? resources.insert(draft) : resources.replace(draft, before.etag);
  });
  deps.access.invalidate();
  if (record === undefined) {
    throw new ArmError(
      409,
      'RoleDefinitionUpdateConflict',
      'The role definition was changed by another request at the same time. Please try again.',
    );
  }
  return { status: 201, body: customRoleWire(record, scope) };
}

async function deleteRole(deps: RoleDefinitionDeps, request: ArmRequest): Promise<ArmReply> {
  const name = nameOf(request);
  if (builtInRole(name) !== undefined) throw builtInIsFixed();
  const record = await deps.store.resources.get(customRoleId(name));
  if (record === undefined) return { status: 204 };
  await requireRight(deps.access, request, 'delete', assignableScopes(record));
  await deps.store.transaction(async ({ resources }) => {
    for await (const assignment of listAll(resources, { type: roleAssignmentType })) {
      if (readRoleAssignment(assignment)?.role === name) {
        throw new ArmError(
          400,
          'RoleDefinitionHasAssignments',
          'There are existing role assignments referencing role (code: RoleDefinitionHasAssignments)',
        );
      }
    }
    await resources.remove(record.id);
  });
  deps.access.invalidate();
  return { status: 200, body: customRoleWire(record, scopeOf(request.target)) };
}

function customRoleDraft(
  request: ArmRequest,
  write: {
    readonly name: string;
    readonly properties: RoleBody['properties'];
    readonly before: ResourceRecord | undefined;
    readonly now: Date;
  },
): ResourceDraft {
  const { name, properties, before, now } = write;
  const old = before?.body['properties'];
  const { createdOn, createdBy } = isJsonObject(old) ? old : {};
  const by = request.principal.objectId;
  const content: JsonObject = {
    properties: {
      roleName: properties.roleName,
      type: 'CustomRole',
      description: properties.description ?? '',
      assignableScopes: properties.assignableScopes,
      permissions: properties.permissions.map((permission) => ({
        actions: permission.actions ?? [],
        notActions: permission.notActions ?? [],
        dataActions: permission.dataActions ?? [],
        notDataActions: permission.notDataActions ?? [],
      })),
      createdOn: createdOn ?? now.toISOString(),
      updatedOn: now.toISOString(),
      createdBy: createdBy ?? by,
      updatedBy: by,
    },
  };
  return {
    id: customRoleId(name),
    type: roleDefinitionType,
    name,
    subscriptionId: '',
    resourceGroup: undefined,
    location: undefined,
    tags: {},
    body: content,
    secret: undefined,
    ...stamp(request.principal, now, before),
  };
}

async function requireRight(
  access: AccessCheck,
  request: ArmRequest,
  right: 'write' | 'delete',
  scopes: readonly string[],
): Promise<void> {
  const action = `${roleDefinitionType}/${right}`;
  for (const scope of new Set(scopes.map(scopeKey))) {
    if (await access.allowed(request.principal, action, scope)) continue;
    throw linkedAuthorizationFailed(request, action, scope);
  }
}

/**
 * Roles of scopes below are listed, too, as `atScopeAndBelow()` asks: az looks roles up by name at the subscription when
 * it deletes them, even those that can be assigned in one group only.
 */
function isSeenFrom(record: ResourceRecord, scope: string): boolean {
  return assignableScopes(record).some(
    (assignable) => coversScope(assignable, scope) || coversScope(scope, assignable),
  );
}

/** The scopes at which a custom role may be assigned. */
export function assignableScopes(record: ResourceRecord): readonly string[] {
  const properties = record.body['properties'];
  const scopes = isJsonObject(properties) ? properties['assignableScopes'] : undefined;
  return Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === 'string') : [];
}

function roleNameOf(record: ResourceRecord): string {
  const properties = record.body['properties'];
  const name = isJsonObject(properties) ? properties['roleName'] : undefined;
  return typeof name === 'string' ? name : '';
}

function wanted(filter: RoleFilter, roleName: string, type: string): boolean {
  if (filter.roleName !== undefined && !sameText(filter.roleName, roleName)) return false;
  return filter.roleType === undefined || sameText(filter.roleType, type);
}

function sameText(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function nameOf({ target }: ArmRequest): string {
  return (target.names.at(-1) ?? '').toLowerCase();
}

function roleNotFound(name: string): ArmError {
  return new ArmError(
    404,
    'RoleDefinitionDoesNotExist',
    `The specified role definition with ID '${name.replaceAll('-', '').slice(0, 90)}' does not exist.`,
  );
}

function builtInIsFixed(): ArmError {
  return new ArmError(
    400,
    'RoleDefinitionIsBuiltIn',
    'Built-in role definitions cannot be changed or deleted.',
  );
}

function nameTaken(roleName: string): ArmError {
  return new ArmError(
    409,
    'RoleDefinitionWithSameNameExists',
    `A custom role with the same name '${roleName}' already exists in this directory. Use a different name.`,
  );
}
