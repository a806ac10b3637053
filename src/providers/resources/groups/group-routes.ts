/** `/subscriptions/{s}/resourceGroups`: CRUD, HEAD, list and tags of resource groups. */
import { z } from 'zod';
import { ArmError } from '../../../arm/arm-error.ts';
import { optional, readOnly } from '../../../arm/wire/scalars.ts';
import { tags } from '../../../arm/wire/template/resource.ts';
import type { ResourceDraft, ResourceRecord } from '../../../store/records.ts';
import type { Store } from '../../../store/store.ts';
import { locationName, requireLocation } from '../../arm/locations.ts';
import { pageOf, pageReply, queryParameter } from '../../arm/paging.ts';
import { readBody } from '../../arm/request-body.ts';
import { stamp } from '../../arm/system-data.ts';
import type { ArmReply, ArmRequest, ProviderRoute } from '../../resource-provider.ts';
import { readTagFilter } from '../resource-filter.ts';
import type { GroupDeletion } from './delete-group.ts';
import {
  findGroup,
  groupBeingDeleted,
  groupIdOf,
  groupState,
  groupWire,
  requireGroupName,
  resourceGroupType,
} from './group-record.ts';

export interface GroupDeps {
  readonly store: Store;
  readonly deletion: GroupDeletion;
  readonly now: () => Date;
}

type Parameters = Readonly<Record<string, string>>;

const content = z.object({
  location: optional(z.string().max(100)),
  tags: optional(tags),
  managedBy: optional(z.string().max(2048)),
  properties: readOnly,
});

const one = '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}';
const right = 'Microsoft.Resources/subscriptions/resourceGroups';

export function groupRoutes(deps: GroupDeps, apiVersions: readonly string[]): readonly ProviderRoute[] {
  const route = (
    method: ProviderRoute['method'],
    path: string,
    action: string,
    handler: ProviderRoute['handler'],
  ): ProviderRoute => ({ method, path, apiVersions, action, handler });
  const find = async (parameters: Parameters): Promise<ResourceRecord> =>
    findGroup(deps.store, subscriptionOf(parameters), groupNameOf(parameters));
  return [
    route(
      'GET',
      '/subscriptions/{subscriptionId}/resourceGroups',
      `${right}/read`,
      async (request, parameters) => listGroups(deps, request, parameters),
    ),
    route('GET', one, `${right}/read`, async (_, parameters) => ({
      status: 200,
      body: groupWire(await find(parameters)),
    })),
    route('HEAD', one, `${right}/read`, async (_, parameters) => {
      await find(parameters);
      return { status: 204 };
    }),
    route('PUT', one, `${right}/write`, async (request, parameters) => putGroup(deps, request, parameters)),
    route('PATCH', one, `${right}/write`, async (request, parameters) =>
      patchGroup(deps, request, await find(parameters)),
    ),
    route('DELETE', one, `${right}/delete`, async (request, parameters) =>
      deps.deletion.request(request, await find(parameters)),
    ),
  ];
}

async function listGroups(
  { store }: GroupDeps,
  request: ArmRequest,
  parameters: Parameters,
): Promise<ArmReply> {
  const tag = readTagFilter(queryParameter(request.url, '$filter'));
  const page = await store.resources.list(
    {
      subscriptionId: subscriptionOf(parameters),
      type: resourceGroupType,
      ...(tag === undefined ? {} : { tag }),
    },
    pageOf(request),
  );
  return pageReply(request, page, groupWire);
}

async function putGroup(deps: GroupDeps, request: ArmRequest, parameters: Parameters): Promise<ArmReply> {
  const [subscriptionId, name] = [subscriptionOf(parameters), groupNameOf(parameters)];
  requireGroupName(name);
  const wanted = readBody(request, content);
  const location = requireLocation(wanted.location, resourceGroupType);
  const before = await deps.store.resources.get(groupIdOf(subscriptionId, name));
  if (before !== undefined) {
    if (groupState(before) === 'Deleting') throw groupBeingDeleted(before.name);
    if (locationName(before.location ?? '') !== location) throw otherLocation(location, before);
  }
  const draft: ResourceDraft = {
    id: before?.id ?? groupIdOf(subscriptionId, name),
    type: resourceGroupType,
    name: before?.name ?? name,
    subscriptionId: before?.subscriptionId ?? subscriptionId,
    resourceGroup: before?.resourceGroup ?? name,
    location,
    tags: wanted.tags ?? {},
    body: {
      ...(wanted.managedBy === undefined ? {} : { managedBy: wanted.managedBy }),
      properties: { provisioningState: 'Succeeded' },
    },
    secret: undefined,
    ...stamp(request.principal, deps.now(), before),
  };
  const { resources } = deps.store;
  const record =
    before === undefined ? await resources.insert(draft) : await resources.replace(draft, before.etag);
  if (record === undefined) throw changedMeanwhile(name);
  return { status: before === undefined ? 201 : 200, body: groupWire(record) };
}

/** Tags are replaced as a whole; nothing else of a group can change. */
async function patchGroup(deps: GroupDeps, request: ArmRequest, before: ResourceRecord): Promise<ArmReply> {
  if (groupState(before) === 'Deleting') throw groupBeingDeleted(before.name);
  const wanted = readBody(request, content);
  const { etag: _, ...kept } = before;
  const record = await deps.store.resources.replace(
    {
      ...kept,
      tags: wanted.tags ?? before.tags,
      body: { ...before.body, ...(wanted.managedBy === undefined ? {} : { managedBy: wanted.managedBy }) },
      ...stamp(request.principal, deps.now(), before),
    },
    before.etag,
  );
  if (record === undefined) throw changedMeanwhile(before.name);
  return { status: 200, body: groupWire(record) };
}

function subscriptionOf(parameters: Parameters): string {
  return parameters['subscriptionId'] ?? '';
}

function groupNameOf(parameters: Parameters): string {
  return parameters['resourceGroupName'] ?? '';
}

function otherLocation(wanted: string, { location }: ResourceRecord): ArmError {
  return new ArmError(
    409,
    'InvalidResourceGroupLocation',
    `Invalid resource group location '${wanted}'. The Resource group already exists in location '${location ?? ''}'.`,
  );
}

function changedMeanwhile(name: string): ArmError {
  return new ArmError(
    409,
    'Conflict',
    `The resource group '${name}' was changed by another request at the same time. Please try again.`,
  );
}
