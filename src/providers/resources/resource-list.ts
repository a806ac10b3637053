/** `GET …/resources`: everything that has a place of its own, whatever its provider is. */
import type { ResourceRecord } from '../../store/records.ts';
import { isJsonObject } from '../../model/json.ts';
import type { PageOf, ResourceFilter, Store } from '../../store/store.ts';
import { pageOf, pageReply, queryParameter } from '../arm/paging.ts';
import type { ArmReply, ArmRequest, ProviderRoute } from '../resource-provider.ts';
import { findGroup, resourceGroupType } from './groups/group-record.ts';
import { readResourceFilter, type RecordFilter } from './resource-filter.ts';

/** A page may be short, but not every filter may make one request read the whole database. */
const mostPagesRead = 20;
const scanSize = 1000;
/** Parts of a resource that ARM itself knows; the rest belongs to its provider. */
const shownParts = ['kind', 'managedBy', 'sku', 'plan', 'identity', 'zones', 'extendedLocation'] as const;

export function resourceListRoutes(store: Store, apiVersions: readonly string[]): readonly ProviderRoute[] {
  const action = 'Microsoft.Resources/subscriptions/resources/read';
  const inGroup = 'Microsoft.Resources/subscriptions/resourceGroups/resources/read';
  return [
    {
      ...{ method: 'GET', path: '/subscriptions/{subscriptionId}/resources', apiVersions, action },
      handler: async (request, { subscriptionId = '' }) => listResources(store, request, { subscriptionId }),
    },
    {
      ...{ method: 'GET', apiVersions, action: inGroup },
      path: '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/resources',
      handler: async (request, { subscriptionId = '', resourceGroupName = '' }) => {
        const { name } = await findGroup(store, subscriptionId, resourceGroupName);
        return listResources(store, request, { subscriptionId, resourceGroup: name });
      },
    },
  ];
}

async function listResources(store: Store, request: ArmRequest, where: ResourceFilter): Promise<ArmReply> {
  const filter = readResourceFilter(queryParameter(request.url, '$filter'));
  const expand = (queryParameter(request.url, '$expand') ?? '').toLowerCase().split(',');
  const page = await findPage(store, request, where, filter);
  return pageReply(request, page, (record) => shownResource(record, expand));
}

async function findPage(
  store: Store,
  request: ArmRequest,
  where: ResourceFilter,
  filter: RecordFilter,
): Promise<PageOf<ResourceRecord>> {
  const wanted = pageOf(request, { limit: scanSize });
  const items: ResourceRecord[] = [];
  let next = wanted.after;
  for (let read = 0; read < mostPagesRead; read += 1) {
    const page = await store.resources.list(
      { ...filter.hint, ...where },
      { limit: wanted.limit - items.length, ...(next === undefined ? {} : { after: next }) },
    );
    items.push(...page.items.filter((record) => isListed(record) && isWithin(record, filter, where)));
    next = page.next;
    if (next === undefined || items.length === wanted.limit) break;
  }
  return { items, next };
}

/** Resources with a location, nested ones too; groups have lists of their own. */
function isListed({ location, type }: ResourceRecord): boolean {
  return location !== undefined && type.toLowerCase() !== resourceGroupType.toLowerCase();
}

/** The group of the path and the one of the filter may differ; then nothing is meant. */
function isWithin(record: ResourceRecord, filter: RecordFilter, where: ResourceFilter): boolean {
  const { resourceGroup } = where;
  const inGroup =
    resourceGroup === undefined || record.resourceGroup?.toLowerCase() === resourceGroup.toLowerCase();
  return inGroup && filter.accepts(record);
}

/** A resource as the generic list shows it: without `properties`. */
export function shownResource(record: ResourceRecord, expand: readonly string[]): object {
  const properties = record.body['properties'];
  const state = isJsonObject(properties) ? properties['provisioningState'] : undefined;
  return {
    id: record.id,
    name: record.name,
    type: record.type,
    location: record.location,
    ...Object.fromEntries(
      shownParts.flatMap((part) => (record.body[part] === undefined ? [] : [[part, record.body[part]]])),
    ),
    ...(Object.keys(record.tags).length === 0 ? {} : { tags: record.tags }),
    ...(expand.includes('createdtime') ? { createdTime: record.createdAt } : {}),
    ...(expand.includes('changedtime') ? { changedTime: record.changedAt } : {}),
    ...(expand.includes('provisioningstate') ? { provisioningState: state ?? 'Succeeded' } : {}),
  };
}
