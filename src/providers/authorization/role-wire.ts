/** Role definitions as clients see them: built-in and custom ones alike, under the subscription that was asked. */
import type { BuiltInRole } from '../../identity/access/built-in-roles.ts';
import { roleDefinitionType } from '../../identity/access/role-records.ts';
import type { ResourceRecord } from '../../store/records.ts';

/** The id of a role as it is written at `scope`: below the subscription, or at the root outside of any. */
export function roleDefinitionId(scope: string, guid: string): string {
  const subscription = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? '';
  return `${subscription}/providers/${roleDefinitionType}/${guid}`;
}

/** A built-in role, seen from `scope`. */
export function builtInRoleWire(role: BuiltInRole, scope: string): object {
  return {
    id: roleDefinitionId(scope, role.name),
    type: roleDefinitionType,
    name: role.name,
    properties: {
      roleName: role.roleName,
      type: 'BuiltInRole',
      description: role.description,
      assignableScopes: ['/'],
      permissions: [role.permission],
    },
  };
}

/** A custom role, seen from `scope`. */
export function customRoleWire(record: ResourceRecord, scope: string): object {
  return {
    id: roleDefinitionId(scope, record.name),
    type: roleDefinitionType,
    name: record.name,
    ...record.body,
  };
}
