/** Role assignments and custom roles as the store keeps them: ordinary resources of `Microsoft.Authorization`. */
import type { JsonObject, JsonValue } from '../../model/json.ts';
import { isJsonObject } from '../../model/json.ts';
import type { ResourceRecord } from '../../store/records.ts';
import type { RolePermission } from './built-in-roles.ts';

export const roleAssignmentType = 'Microsoft.Authorization/roleAssignments';
export const roleDefinitionType = 'Microsoft.Authorization/roleDefinitions';

export interface RoleAssignment {
  /** `/` for everything, else the id of a subscription, a group or a resource. */
  readonly scope: string;
  /** GUID of the role. */
  readonly role: string;
  readonly principalId: string;
}

/** What an assignment says; undefined when the record is none. */
export function readRoleAssignment(record: ResourceRecord): RoleAssignment | undefined {
  const properties = record.body['properties'];
  if (!isJsonObject(properties)) return undefined;
  const { scope, roleDefinitionId, principalId } = properties;
  if (typeof scope !== 'string' || typeof roleDefinitionId !== 'string' || typeof principalId !== 'string') {
    return undefined;
  }
  return { scope, principalId: principalId.toLowerCase(), role: roleGuid(roleDefinitionId) };
}

/** The permissions of a custom role; empty when the record is none. */
export function readPermissions(record: ResourceRecord): readonly RolePermission[] {
  const properties = record.body['properties'];
  const permissions = isJsonObject(properties) ? properties['permissions'] : undefined;
  if (!Array.isArray(permissions)) return [];
  return permissions.filter(isJsonObject).map((permission: JsonObject) => ({
    actions: words(permission['actions']),
    notActions: words(permission['notActions']),
    dataActions: words(permission['dataActions']),
    notDataActions: words(permission['notDataActions']),
  }));
}

/** The last part of a role definition's id, in lower case: what names the role whatever scope is in front. */
export function roleGuid(roleDefinitionId: string): string {
  return (roleDefinitionId.split('/').at(-1) ?? '').toLowerCase();
}

/** Where custom roles are kept: they belong to the tenant, and each scope shows them under its own id. */
export function customRoleId(guid: string): string {
  return `/providers/${roleDefinitionType}/${guid}`;
}

function words(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((word) => typeof word === 'string') : [];
}
