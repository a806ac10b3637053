/** `Microsoft.Authorization/roleAssignments` at any scope. They never change: only their description may. */
import { z } from 'zod';
import { ArmError } from '../../arm/arm-error.ts';
import { freeText, optional, readOnly } from '../../arm/wire/scalars.ts';
import type { AccessCheck } from '../../identity/access/access-check.ts';
import { roleAssignmentDraft } from '../../identity/access/assign-role.ts';
import { builtInRole } from '../../identity/access/built-in-roles.ts';
import {
  customRoleId,
  readRoleAssignment,
  roleAssignmentType,
  roleGuid,
  type RoleAssignment,
} from '../../identity/access/role-records.ts';
import { coversScope, scopeKey } from '../../identity/access/scope.ts';
import { isJsonObject } from '../../model/json.ts';
import { listAll } from '../../store/list-all.ts';
import type { ResourceRecord } from '../../store/records.ts';
import type { ResourceRepository, Store } from '../../store/store.ts';
import { queryParameter } from '../arm/paging.ts';
import { readBody } from '../arm/request-body.ts';
import type { Directory } from '../graph/directory.ts';
import type { ArmReply, ArmRequest, ResourceTypeDefinition } from '../resource-provider.ts';
import { assignableScopes } from './role-definitions.ts';
import { readRoleFilter, type RoleFilter } from './role-filter.ts';
import { isGuid, requireScope, scopeOf } from './role-scope.ts';
import { roleDefinitionId as shownRoleId } from './role-wire.ts';

export interface RoleAssignmentDeps {
  readonly store: Store;
  readonly access: AccessCheck;
  readonly directory: Directory;
  readonly now: () => Date;
}

const body = z.object({
  properties: z.object({
    roleDefinitionId: z.string().max(1024),
    principalId: z.string().max(64),
    principalType: optional(z.string().max(64)),
    scope: readOnly,
    description: optional(freeText(1024)),
    condition: optional(z.string().max(8192)),
    conditionVersion: optional(z.string().max(16)),
    delegatedManagedIdentityResourceId: readOnly,
  }),
});

type AssignmentBody = z.output<typeof body>['properties'];

export function roleAssignments(
  deps: RoleAssignmentDeps,
  apiVersions: readonly string[],
): ResourceTypeDefinition {
  return {
    type: 'roleAssignments',
    apiVersions,
    location: 'global',
    scope: 'extension',
    get: async (request) => {
      const record = await deps.store.resources.get(assignmentId(request));
      if (record === undefined) throw assignmentNotFound(request);
      return { status: 200, body: wire(record, scopeOf(request.target)) };
    },
    put: async (request) => putAssignment(deps, request),
    delete: async (request) => deleteAssignment(deps, request),
    list: async (request) => listAssignments(deps, request),
  };
}

async function putAssignment(deps: RoleAssignmentDeps, request: ArmRequest): Promise<ArmReply> {
  const { store, access } = deps;
  const [scope, name] = [scopeOf(request.target), nameOf(request)];
  if (!isGuid(name)) {
    throw new ArmError(
      400,
      'InvalidRoleAssignmentId',
      `The role assignment ID '${name.slice(0, 90)}' is not valid. The role assignment ID must be a GUID.`,
    );
  }
  const { properties } = readBody(request, body);
  refuseConditions(properties);
  if (!isGuid(properties.principalId)) {
    throw new ArmError(
      400,
      'InvalidPrincipalId',
      `The Principal ID '${properties.principalId}' is not valid. Principal ID must be a GUID.`,
    );
  }
  const wanted: RoleAssignment = {
    scope,
    role: roleGuid(properties.roleDefinitionId),
    principalId: properties.principalId.toLowerCase(),
  };
  await requireScope(store, scope);
  await requireRole(store.resources, wanted);
  const principalType = await principalTypeOf(deps, request, properties);
  const draft = roleAssignmentDraft(
    { ...wanted, principalType, by: request.principal, now: deps.now() },
    name,
    properties.description === undefined ? {} : { description: properties.description },
  );
  const record = await store.transaction(async ({ resources }) => {
    const before = await resources.get(draft.id);
    if (before !== undefined && !sameAssignment(readRoleAssignment(before), wanted)) throw cannotChange();
    await refuseSecond(resources, wanted, draft.id);
    return before === undefined ? resources.insert(draft) : resources.replace(draft, before.etag);
  });
  access.invalidate();
  if (record === undefined) throw assignmentExists(name);
  return { status: 201, body: wire(record, scopeOf(request.target)) };
}

async function deleteAssignment(deps: RoleAssignmentDeps, request: ArmRequest): Promise<ArmReply> {
  const record = await deps.store.resources.get(assignmentId(request));
  if (record === undefined) return { status: 204 };
  await deps.store.resources.remove(record.id);
  deps.access.invalidate();
  return { status: 200, body: wire(record, scopeOf(request.target)) };
}

/** Without a filter: what holds at the scope, above it and below it; `atScope()` leaves out what is below. */
async function listAssignments({ store }: RoleAssignmentDeps, request: ArmRequest): Promise<ArmReply> {
  const scope = scopeOf(request.target);
  const filter = readRoleFilter(queryParameter(request.url, '$filter'));
  const value: object[] = [];
  for await (const record of listAll(store.resources, { type: roleAssignmentType })) {
    const assignment = readRoleAssignment(record);
    if (assignment !== undefined && isListed(assignment, scope, filter)) value.push(wire(record, scope));
  }
  return { status: 200, body: { value } };
}

function isListed(assignment: RoleAssignment, scope: string, filter: RoleFilter): boolean {
  const { principalId } = filter;
  if (principalId !== undefined && principalId.toLowerCase() !== assignment.principalId) return false;
  if (coversScope(assignment.scope, scope)) return true;
  return !filter.atScope && coversScope(scope, assignment.scope);
}

/** A condition narrows a grant; one that is kept but not held would grant more than was asked. */
function refuseConditions({ condition, conditionVersion }: AssignmentBody): void {
  if ((condition ?? '') === '' && (conditionVersion ?? '') === '') return;
  throw new ArmError(
    400,
    'ConditionsNotSupported',
    'Role assignment conditions are not supported: this service evaluates roles only.',
    {
      target: 'properties.condition',
    },
  );
}

async function requireRole(resources: ResourceRepository, { role, scope }: RoleAssignment): Promise<void> {
  if (builtInRole(role) !== undefined) return;
  const custom = isGuid(role) ? await resources.get(customRoleId(role)) : undefined;
  if (custom === undefined) {
    throw new ArmError(
      404,
      'RoleDefinitionDoesNotExist',
      `The specified role definition with ID '${role.replaceAll('-', '').slice(0, 90)}' does not exist.`,
    );
  }
  if (assignableScopes(custom).some((assignable) => coversScope(assignable, scope))) return;
  throw new ArmError(
    400,
    'RoleDefinitionNotAssignableAtScope',
    `The role definition '${role}' cannot be assigned at scope '${scope}': it is none of its assignable scopes.`,
  );
}

/** A principal whose type is not given must be known; so does a typing error not become a grant to nobody. */
async function principalTypeOf(
  { directory }: RoleAssignmentDeps,
  request: ArmRequest,
  { principalId, principalType }: AssignmentBody,
): Promise<'ServicePrincipal' | 'User' | 'Group'> {
  const given = (['ServicePrincipal', 'User', 'Group'] as const).find(
    (type) => type.toLowerCase() === principalType?.toLowerCase(),
  );
  const known = await directory.find(principalId);
  if (known !== undefined && given !== undefined && given !== 'ServicePrincipal') {
    throw new ArmError(
      400,
      'UnmatchedPrincipalType',
      `The PrincipalId '${principalId}' has type 'ServicePrincipal', which is different from specified PrincipalType '${given}'.`,
    );
  }
  if (known !== undefined) return 'ServicePrincipal';
  if (given !== undefined) return given;
  if (principalType !== undefined) {
    throw new ArmError(
      400,
      'InvalidPrincipalType',
      `The principal type '${principalType}' is not one of ServicePrincipal, User, Group.`,
    );
  }
  throw new ArmError(
    400,
    'PrincipalNotFound',
    `Principal ${principalId.replaceAll('-', '')} does not exist in the directory ${request.principal.tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`,
  );
}

/** One principal has a role at a scope once, whatever the names of the assignments are. */
async function refuseSecond(
  resources: ResourceRepository,
  wanted: RoleAssignment,
  id: string,
): Promise<void> {
  const scope = wanted.scope === '/' ? {} : { under: wanted.scope };
  for await (const other of listAll(resources, { type: roleAssignmentType, ...scope })) {
    if (other.id.toLowerCase() === id.toLowerCase()) continue;
    if (sameAssignment(readRoleAssignment(other), wanted)) throw assignmentExists(other.name);
  }
}

function sameAssignment(one: RoleAssignment | undefined, two: RoleAssignment): boolean {
  return (
    one !== undefined &&
    one.role === two.role &&
    one.principalId === two.principalId &&
    scopeKey(one.scope) === scopeKey(two.scope)
  );
}

/** The role has its id as `scope` sees it: clients compare it with those of the role definitions there. */
function wire(record: ResourceRecord, scope: string): object {
  const properties = record.body['properties'];
  const { roleDefinitionId = '' } = isJsonObject(properties) ? properties : {};
  const role = typeof roleDefinitionId === 'string' ? roleGuid(roleDefinitionId) : '';
  return {
    id: record.id,
    type: record.type,
    name: record.name,
    properties: {
      ...(isJsonObject(properties) ? properties : {}),
      roleDefinitionId: shownRoleId(scope, role),
    },
  };
}

function nameOf({ target }: ArmRequest): string {
  return target.names.at(-1) ?? '';
}

/** The id without what a client may have put around the scope. */
function assignmentId(request: ArmRequest): string {
  const scope = scopeOf(request.target);
  return `${scope === '/' ? '' : scope}/providers/${roleAssignmentType}/${nameOf(request)}`;
}

function assignmentNotFound(request: ArmRequest): ArmError {
  return new ArmError(
    404,
    'RoleAssignmentNotFound',
    `The role assignment '${nameOf(request).slice(0, 90)}' is not found.`,
  );
}

/** az takes the words "role assignment already exists" for success. */
function assignmentExists(name: string): ArmError {
  return new ArmError(
    409,
    'RoleAssignmentExists',
    `The role assignment already exists. The ID of the existing role assignment is ${name.replaceAll('-', '')}.`,
  );
}

function cannotChange(): ArmError {
  return new ArmError(
    400,
    'RoleAssignmentUpdateNotPermitted',
    'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
  );
}
