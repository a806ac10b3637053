/** `Microsoft.Resources`: resource groups, lists of all resources, tags, and moves from group to group. */
import type { AccessCheck } from '../../identity/access/access-check.ts';
import type { JobWorker, Store } from '../../store/store.ts';
import type { Dispatch, ResourceProvider } from '../resource-provider.ts';
import { describeOperations } from './describe-operations.ts';
import { createGroupDeletion } from './groups/delete-group.ts';
import { groupRoutes } from './groups/group-routes.ts';
import { moveRoutes } from './move/move-routes.ts';
import { resourceListRoutes } from './resource-list.ts';
import { tagsType } from './tags.ts';

export interface ResourcesDeps {
  readonly store: Store;
  readonly access: AccessCheck;
  /** How a group's resources are deleted. */
  readonly dispatch: Dispatch;
  readonly now: () => Date;
  /** See GroupDeletionDeps. */
  readonly deletionSliceMs?: number;
}

export interface ResourcesProvider extends ResourceProvider {
  /** Carries out deletions of groups in this process until the worker is stopped; call it when `dispatch` works. */
  readonly start: () => Promise<JobWorker>;
}

/** Stable versions, newest first: what clients of the last years send. */
const apiVersions = [
  '2025-04-01',
  '2025-03-01',
  '2024-11-01',
  '2024-08-01',
  '2024-07-01',
  '2024-03-01',
  '2023-07-01',
  '2022-12-01',
  '2022-09-01',
  '2022-06-01',
  '2022-05-01',
  '2022-03-01-preview',
  '2022-01-01',
  '2021-04-01',
  '2021-01-01',
  '2020-10-01',
  '2020-09-01',
  '2020-08-01',
  '2020-07-01',
  '2020-06-01',
  '2020-05-01',
  '2020-01-01',
  '2019-11-01',
  '2019-10-01',
  '2019-09-01',
  '2019-08-01',
  '2019-07-01',
  '2019-06-01',
  '2019-05-10',
  '2019-05-01',
  '2019-04-01',
  '2019-03-01',
  '2018-11-01',
  '2018-09-01',
  '2018-08-01',
  '2018-07-01',
  '2018-06-01',
  '2018-05-01',
  '2018-02-01',
  '2018-01-01',
  '2017-12-01',
  '2017-08-01',
  '2017-06-01',
  '2017-05-10',
  '2017-05-01',
  '2017-03-01',
  '2016-09-01',
  '2016-07-01',
  '2016-06-01',
  '2016-02-01',
  '2015-11-01',
  '2015-01-01',
  '2014-04-01-preview',
];
/** `tags/default` came late. */
const tagVersions = apiVersions.filter((version) => version >= '2019-10-01');

export function createResourcesProvider(deps: ResourcesDeps): ResourcesProvider {
  const { store, dispatch, now, deletionSliceMs } = deps;
  const deletion = createGroupDeletion({
    ...{ store, dispatch, now },
    ...(deletionSliceMs === undefined ? {} : { sliceMs: deletionSliceMs }),
  });
  return {
    namespace: 'Microsoft.Resources',
    registeredByDefault: true,
    types: [
      tagsType(deps, tagVersions),
      // What the routes below answer, for the provider document.
      ...['resourceGroups', 'subscriptions/resourceGroups', 'resources', 'subscriptions/resources'].map(
        (type) => ({ type, apiVersions, location: 'global', scope: 'tenant' }) as const,
      ),
    ],
    routes: [
      ...groupRoutes({ store, deletion, now }, apiVersions),
      ...resourceListRoutes(store, apiVersions),
      ...moveRoutes(deps, apiVersions),
    ],
    operations: describeOperations('Microsoft Resources', {
      'Microsoft.Resources/subscriptions': ['subscription', 'read'],
      'Microsoft.Resources/subscriptions/resourceGroups': [
        'resource group',
        ...(['read', 'write', 'delete', 'moveResources/action', 'validateMoveResources/action'] as const),
      ],
      'Microsoft.Resources/subscriptions/resources': ['resource', 'read'],
      'Microsoft.Resources/tags': ['set of tags', 'read', 'write', 'delete'],
    }),
    start: deletion.start,
  };
}
