/** Role assignments that the service makes itself: the first principal becomes Owner, templates' groups get theirs. */
import { createHash } from 'node:crypto';
import type { ResourceDraft, ResourceRecord } from '../../store/records.ts';
import type { ResourceRepository } from '../../store/store.ts';
import type { Principal } from '../principal.ts';
import { roleAssignmentType, roleDefinitionType } from './role-records.ts';
import { scopeKey } from './scope.ts';

export interface NewRoleAssignment {
  /** `/` for everything, else the id of a subscription, a group or a resource. */
  readonly scope: string;
  /** GUID of a role, for example Owner's `8e3af657-a8ff-443c-a75c-2fe8c4bcb635`. */
  readonly role: string;
  readonly principalId: string;
  readonly principalType: 'ServicePrincipal' | 'User' | 'Group';
  readonly by: Pick<Principal, 'objectId' | 'name' | 'type'>;
  readonly now: Date;
}

/** A GUID that is the same for the same grant, so that granting twice changes nothing. */
export function assignmentName(grant: Pick<NewRoleAssignment, 'scope' | 'role' | 'principalId'>): string {
  const parts = [scopeKey(grant.scope), grant.role.toLowerCase(), grant.principalId.toLowerCase()];
  const hex = createHash('sha256').update(parts.join('\n')).digest('hex');
  // RFC 9562, section 5.8: version 8, variant 10.
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/** Stores the assignment unless it is there. @returns what is stored. */
export async function assignRole(
  resources: ResourceRepository,
  grant: NewRoleAssignment,
): Promise<ResourceRecord> {
  const draft = roleAssignmentDraft(grant, assignmentName(grant));
  const stored = (await resources.insert(draft)) ?? (await resources.get(draft.id));
  // Between the two somebody took it away: then the grant is the newer wish.
  return stored ?? assignRole(resources, grant);
}

/** The record of an assignment; `more`: description and the like. */
export function roleAssignmentDraft(
  grant: NewRoleAssignment,
  name: string,
  more: Readonly<Record<string, string>> = {},
): ResourceDraft {
  const scope = grant.scope.replace(/\/+$/, '');
  const [, subscriptions, subscriptionId = ''] = scope.split('/');
  const inSubscription = subscriptions?.toLowerCase() === 'subscriptions';
  const at = grant.now.toISOString();
  return {
    id: `${scope}/providers/${roleAssignmentType}/${name}`,
    type: roleAssignmentType,
    name,
    subscriptionId: inSubscription ? subscriptionId : '',
    resourceGroup: /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)/i.exec(scope)?.[1],
    location: undefined,
    tags: {},
    body: {
      properties: {
        roleDefinitionId: `${inSubscription ? `/subscriptions/${subscriptionId}` : ''}/providers/${roleDefinitionType}/${grant.role.toLowerCase()}`,
        principalId: grant.principalId,
        principalType: grant.principalType,
        scope: scope === '' ? '/' : scope,
        createdOn: at,
        updatedOn: at,
        createdBy: grant.by.objectId,
        updatedBy: grant.by.objectId,
        ...more,
      },
    },
    secret: undefined,
    createdAt: at,
    createdBy: grant.by.name,
    createdByType: grant.by.type,
    changedAt: at,
    changedBy: grant.by.name,
    changedByType: grant.by.type,
  };
}
