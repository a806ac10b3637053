/** `Microsoft.Authorization`: roles, their assignments, and locks. */
import type { AccessCheck } from '../../identity/access/access-check.ts';
import type { Store } from '../../store/store.ts';
import type { Directory } from '../graph/directory.ts';
import { describeOperations } from '../resources/describe-operations.ts';
import type { ResourceProvider } from '../resource-provider.ts';
import { managementLocks } from './management-locks.ts';
import { denyAssignments, permissions } from './permissions.ts';
import { roleAssignments } from './role-assignments.ts';
import { roleDefinitions } from './role-definitions.ts';

export interface AuthorizationDeps {
  readonly store: Store;
  readonly access: AccessCheck;
  readonly directory: Directory;
  readonly now: () => Date;
}

/** Newest first; stable ones before previews, since clients that look the version up take the first stable one. */
const assignmentVersions = [
  '2022-04-01',
  '2022-01-01-preview',
  '2021-04-01-preview',
  '2020-10-01-preview',
  '2020-08-01-preview',
  '2020-04-01-preview',
  '2020-03-01-preview',
  '2019-04-01-preview',
  '2018-12-01-preview',
  '2018-09-01-preview',
  '2018-07-01',
  '2018-01-01-preview',
  '2017-10-01-preview',
  '2017-09-01',
  '2017-05-01',
  '2016-07-01',
  '2015-07-01',
  '2015-06-01',
];
const definitionVersions = [
  '2022-05-01-preview',
  '2022-04-01',
  '2018-07-01',
  '2018-01-01-preview',
  '2017-09-01',
  '2017-05-01',
  '2016-07-01',
  '2015-07-01',
  '2015-06-01',
];
const lockVersions = ['2020-05-01', '2017-04-01', '2016-09-01', '2015-06-01', '2015-01-01'];
const permissionVersions = ['2022-04-01', '2018-07-01', '2018-01-01-preview', '2016-07-01', '2015-07-01'];
const denyVersions = ['2022-04-01', '2018-07-01-preview'];

export function createAuthorizationProvider(deps: AuthorizationDeps): ResourceProvider {
  return {
    namespace: 'Microsoft.Authorization',
    registeredByDefault: true,
    types: [
      roleAssignments(deps, assignmentVersions),
      roleDefinitions(deps, definitionVersions),
      managementLocks(deps, lockVersions),
      permissions(deps.access, permissionVersions),
      denyAssignments(denyVersions),
    ],
    operations: describeOperations('Microsoft Authorization', {
      'Microsoft.Authorization/roleAssignments': ['role assignment', 'read', 'write', 'delete'],
      'Microsoft.Authorization/roleDefinitions': ['role definition', 'read', 'write', 'delete'],
      'Microsoft.Authorization/locks': ['management lock', 'read', 'write', 'delete'],
      'Microsoft.Authorization/permissions': ['permission', 'read'],
      'Microsoft.Authorization/denyAssignments': ['deny assignment', 'read'],
    }),
  };
}
