/** `Microsoft.Insights`: the activity log. */
import type { ActivityEntry } from '../../store/activity/activity.ts';
import type { PageOf, Store } from '../../store/store.ts';
import { pageOf, pageReply, queryParameter } from '../arm/paging.ts';
import { describeOperations } from '../resources/describe-operations.ts';
import type { ArmReply, ArmRequest, ResourceProvider } from '../resource-provider.ts';
import { readActivityFilter, type ReadActivityFilter } from './activity-filter.ts';
import { activityWire } from './activity-wire.ts';

const apiVersions = ['2017-03-01-preview', '2015-04-01', '2014-04-01'];
const action = 'Microsoft.Insights/eventtypes/values/read';
const values = 'providers/Microsoft.Insights/eventtypes/management/values';
const pageSize = 200;
/** A status is not looked up by the database: one request may skip this many pages at most. */
const mostPagesRead = 20;

export function createInsightsProvider(store: Pick<Store, 'activity'>): ResourceProvider {
  return {
    namespace: 'Microsoft.Insights',
    registeredByDefault: true,
    types: [],
    routes: [
      {
        ...{ method: 'GET', path: `/subscriptions/{subscriptionId}/${values}`, apiVersions, action },
        handler: async (request) => listActivity(store, request),
      },
      {
        ...{ method: 'GET', path: `/${values}`, apiVersions, action },
        handler: async (request) => listActivity(store, request),
      },
      {
        ...{
          method: 'GET',
          path: '/providers/Microsoft.Insights/eventcategories',
          apiVersions,
          action: undefined,
        },
        handler: async () => ({
          status: 200,
          body: { value: [{ value: 'Administrative', localizedValue: 'Administrative' }] },
        }),
      },
    ],
    operations: describeOperations('Microsoft Monitor', {
      'Microsoft.Insights/eventtypes/values': ['activity log entry', 'read'],
    }),
  };
}

async function listActivity(store: Pick<Store, 'activity'>, request: ArmRequest): Promise<ArmReply> {
  const wanted = readActivityFilter(queryParameter(request.url, '$filter'));
  return pageReply(request, await findPage(store, request, wanted), activityWire);
}

async function findPage(
  { activity }: Pick<Store, 'activity'>,
  request: ArmRequest,
  { filter, accepts }: ReadActivityFilter,
): Promise<PageOf<ActivityEntry>> {
  const page = pageOf(request, { limit: pageSize });
  const { subscriptionId } = request.target;
  let next = page.after;
  for (let read = 0; read < mostPagesRead; read += 1) {
    const found = await activity.list(
      { ...filter, subscriptionId },
      { limit: page.limit, ...(next === undefined ? {} : { after: next }) },
    );
    const items = found.items.filter(accepts);
    next = found.next;
    if (items.length > 0 || next === undefined) return { items, next };
  }
  return { items: [], next };
}
