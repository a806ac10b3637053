/**
 * Azure RBAC as the service asks it: the roles a principal holds at a scope or above it, each role's actions
 * less its notActions; one role that allows is enough. There are no deny assignments and no groups.
 */
import { listAll } from '../../store/list-all.ts';
import type { ResourceRepository, Store } from '../../store/store.ts';
import type { Principal } from '../principal.ts';
import { matchesAnyAction } from './action-pattern.ts';
import { builtInRoles, type RolePermission } from './built-in-roles.ts';
import {
  readPermissions,
  readRoleAssignment,
  roleAssignmentType,
  roleDefinitionType,
  roleGuid,
} from './role-records.ts';
import { coversScope } from './scope.ts';

export type Caller = Pick<Principal, 'objectId'>;

export interface AccessCheck extends Disposable {
  /**
   * Whether `principal` may do `action` at `scope`, for example `Microsoft.Compute/images/read` at the id of an
   * image. `dataAction`: look at the rights on data (`…/blobs/read`) instead of those on resources.
   */
  allowed(
    principal: Caller,
    action: string,
    scope: string,
    options?: { readonly dataAction?: boolean },
  ): Promise<boolean>;
  /** Everything the principal may do at `scope`, one entry per role that reaches it. */
  permissionsAt(principal: Caller, scope: string): Promise<readonly RolePermission[]>;
  /** The scopes at which the principal holds any role; what lists of subscriptions are filtered by. */
  scopesOf(principal: Caller): Promise<readonly string[]>;
  /** Forgets what was read, so that a write of this process counts at once. */
  invalidate(): void;
}

export interface AccessCheckOptions {
  readonly store: Pick<Store, 'subscribe'> & { readonly resources: Pick<ResourceRepository, 'list'> };
  /** Milliseconds that never go backwards; default `performance.now`. */
  readonly nowMs?: () => number;
  /** How long an assignment of another process may go unseen when its notice is lost; default 5 seconds. */
  readonly maxAgeMs?: number;
}

interface Grant {
  readonly scope: string;
  readonly permissions: readonly RolePermission[];
}

type Grants = ReadonlyMap<string, readonly Grant[]>;

const defaultMaxAgeMs = 5_000;

/** Reads all assignments at once and answers from memory until something about roles is written. */
export function createAccessCheck(options: AccessCheckOptions): AccessCheck {
  const { store, nowMs = () => performance.now(), maxAgeMs = defaultMaxAgeMs } = options;
  let cached: { readonly grants: Promise<Grants>; readonly readAt: number } | undefined;

  const invalidate = (): void => {
    cached = undefined;
  };
  const stopListening = store.subscribe('resources', (key) => {
    if (key.includes('/providers/microsoft.authorization/role')) invalidate();
  });
  const grantsOf = async ({ objectId }: Caller): Promise<readonly Grant[]> => {
    if (cached === undefined || nowMs() - cached.readAt > maxAgeMs) {
      const fresh = { grants: readGrants(store.resources), readAt: nowMs() };
      // A failed read must not be remembered as an answer.
      fresh.grants.catch(() => {
        if (cached === fresh) cached = undefined;
      });
      cached = fresh;
    }
    return (await cached.grants).get(objectId.toLowerCase()) ?? [];
  };
  const permissionsAt = async (caller: Caller, scope: string): Promise<readonly RolePermission[]> => {
    const grants = await grantsOf(caller);
    return grants
      .filter((grant) => coversScope(grant.scope, scope))
      .flatMap(({ permissions }) => permissions);
  };

  return {
    permissionsAt,
    invalidate,
    allowed: async (caller, action, scope, { dataAction = false } = {}) => {
      const permissions = await permissionsAt(caller, scope);
      return permissions.some((permission) => allows(permission, action, dataAction));
    },
    scopesOf: async (caller) => (await grantsOf(caller)).map(({ scope }) => scope),
    [Symbol.dispose]: stopListening,
  };
}

function allows(permission: RolePermission, action: string, dataAction: boolean): boolean {
  const [given, taken] = dataAction
    ? [permission.dataActions, permission.notDataActions]
    : [permission.actions, permission.notActions];
  return matchesAnyAction(given, action) && !matchesAnyAction(taken, action);
}

async function readGrants(resources: Pick<ResourceRepository, 'list'>): Promise<Grants> {
  const [assignments, definitions] = await Promise.all([
    Array.fromAsync(listAll(resources, { type: roleAssignmentType })),
    Array.fromAsync(listAll(resources, { type: roleDefinitionType })),
  ]);
  const roles = new Map<string, readonly RolePermission[]>([
    ...definitions.map((record) => [roleGuid(record.id), readPermissions(record)] as const),
    ...builtInRoles.map((role) => [role.name, [role.permission]] as const),
  ]);
  const grants = new Map<string, Grant[]>();
  for (const record of assignments) {
    const assignment = readRoleAssignment(record);
    const permissions = assignment === undefined ? undefined : roles.get(assignment.role);
    if (assignment === undefined || permissions === undefined) continue;
    const held = grants.get(assignment.principalId) ?? [];
    held.push({ scope: assignment.scope, permissions });
    grants.set(assignment.principalId, held);
  }
  return grants;
}
