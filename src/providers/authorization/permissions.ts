/** What the caller may do: `permissions` of a scope. And the deny assignments, of which there are none. */
import type { AccessCheck } from '../../identity/access/access-check.ts';
import type { ResourceTypeDefinition } from '../resource-provider.ts';
import { scopeOf } from './role-scope.ts';

/** `GET <scope>/providers/Microsoft.Authorization/permissions`. */
export function permissions(access: AccessCheck, apiVersions: readonly string[]): ResourceTypeDefinition {
  return {
    type: 'permissions',
    apiVersions,
    location: 'global',
    scope: 'extension',
    list: async ({ principal, target }) => ({
      status: 200,
      body: { value: await access.permissionsAt(principal, scopeOf(target)) },
    }),
  };
}

/** Clients list them beside role assignments; only Azure itself makes any. */
export function denyAssignments(apiVersions: readonly string[]): ResourceTypeDefinition {
  return {
    type: 'denyAssignments',
    apiVersions,
    location: 'global',
    scope: 'extension',
    list: async () => ({ status: 200, body: { value: [] } }),
  };
}
