/** `moveResources` and `validateMoveResources`: resources to another group, all of them or none. */
import { z } from 'zod';
import { ArmError } from '../../../arm/arm-error.ts';
import { list } from '../../../arm/wire/scalars.ts';
import type { AccessCheck } from '../../../identity/access/access-check.ts';
import { roleAssignmentType } from '../../../identity/access/role-records.ts';
import type { JsonObject } from '../../../model/json.ts';
import { isJsonObject } from '../../../model/json.ts';
import { listAll } from '../../../store/list-all.ts';
import type { Repositories, Store } from '../../../store/store.ts';
import { readBody } from '../../arm/request-body.ts';
import { stamp } from '../../arm/system-data.ts';
import { linkedAuthorizationFailed } from '../../authorization/linked-authorization.ts';
import type { ArmReply, ArmRequest, ProviderRoute } from '../../resource-provider.ts';
import { findGroup, groupBeingDeleted, groupState } from '../groups/group-record.ts';
import { planMove, type MoveOrder, type PlannedMove } from './move-plan.ts';

export interface MoveDeps {
  readonly store: Store;
  readonly access: AccessCheck;
  readonly now: () => Date;
}

const body = z.object({
  resources: list(z.string().max(2048), 800),
  targetResourceGroup: z.string().max(2048),
});

const groupIdPattern = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/?$/i;

export function moveRoutes(deps: MoveDeps, apiVersions: readonly string[]): readonly ProviderRoute[] {
  const route = (
    name: string,
    handle: (request: ArmRequest, order: MoveOrder) => Promise<ArmReply>,
  ): ProviderRoute => ({
    method: 'POST',
    path: `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/${name}`,
    apiVersions,
    action: `Microsoft.Resources/subscriptions/resourceGroups/${name}/action`,
    handler: async (request, { subscriptionId = '', resourceGroupName = '' }) =>
      handle(request, await readOrder(deps, request, { subscriptionId, resourceGroupName })),
  });
  return [
    route('validateMoveResources', async (_, order) => {
      await planMove(deps.store, order);
      return { status: 204 };
    }),
    route('moveResources', async (request, order) => {
      await deps.store.transaction(async (repositories) => {
        await move(repositories, await planMove(repositories, order), request, deps.now());
      });
      deps.access.invalidate();
      return { status: 204 };
    }),
  ];
}

async function readOrder(
  { store, access }: MoveDeps,
  request: ArmRequest,
  source: { readonly subscriptionId: string; readonly resourceGroupName: string },
): Promise<MoveOrder> {
  const { resources, targetResourceGroup } = readBody(request, body);
  const [, targetSubscription = '', targetName = ''] = groupIdPattern.exec(targetResourceGroup) ?? [];
  if (targetSubscription === '' || resources.length === 0) {
    throw new ArmError(
      400,
      'InvalidRequestContent',
      "A move names at least one of 'resources', and a resource group id as 'targetResourceGroup'.",
    );
  }
  const [sourceGroup, targetGroup] = await Promise.all([
    findGroup(store, source.subscriptionId, source.resourceGroupName),
    findGroup(store, targetSubscription, targetName),
  ]);
  if (sourceGroup.id.toLowerCase() === targetGroup.id.toLowerCase()) {
    throw new ArmError(
      409,
      'ResourceMoveSameGroup',
      'The source and the target resource group are the same.',
    );
  }
  for (const group of [sourceGroup, targetGroup]) {
    if (groupState(group) === 'Deleting') throw groupBeingDeleted(group.name);
  }
  const right = 'Microsoft.Resources/subscriptions/resourceGroups/write';
  if (!(await access.allowed(request.principal, right, targetGroup.id))) {
    throw linkedAuthorizationFailed(request, right, targetGroup.id);
  }
  return { sourceGroup, targetGroup, resources };
}

async function move(
  { resources }: Repositories,
  plan: readonly PlannedMove[],
  request: ArmRequest,
  now: Date,
): Promise<void> {
  for (const { record, id } of plan) {
    await resources.remove(record.id);
    // A right on a resource does not follow it: it names a place, and the place is empty now.
    if (record.type === roleAssignmentType) continue;
    const [, , subscriptionId = '', , resourceGroup = ''] = id.split('/');
    const { etag: _, ...kept } = record;
    await resources.insert({
      ...kept,
      id,
      subscriptionId,
      resourceGroup,
      ...stamp(request.principal, now, record),
    });
  }
  await renameReferences(resources, plan);
}

/** Other resources name the moved ones by id: a network interface its subnet, a template its identity. */
async function renameReferences(
  resources: Repositories['resources'],
  plan: readonly PlannedMove[],
): Promise<void> {
  const subscriptions = new Set(
    plan.flatMap(({ record, id }) => [record.subscriptionId, id.split('/')[2] ?? '']),
  );
  for (const subscriptionId of subscriptions) {
    for await (const record of listAll(resources, { subscriptionId })) {
      const body = renamed(record.body, plan);
      const { etag: _, ...kept } = record;
      if (body !== undefined) await resources.replace({ ...kept, body });
    }
  }
}

/** Undefined when nothing in `body` names a moved resource. */
function renamed(body: JsonObject, plan: readonly PlannedMove[]): JsonObject | undefined {
  const text = JSON.stringify(body);
  const small = text.toLowerCase();
  const named = plan.filter(({ record }) =>
    small.includes(JSON.stringify(record.id.toLowerCase()).slice(1, -1)),
  );
  if (named.length === 0) return undefined;
  let result = text;
  for (const { record, id } of named) {
    const pattern = new RegExp(`${RegExp.escape(JSON.stringify(record.id).slice(1, -1))}(?=["/])`, 'gi');
    result = result.replace(pattern, () => JSON.stringify(id).slice(1, -1));
  }
  const parsed: unknown = JSON.parse(result);
  return isJsonObject(parsed) ? parsed : undefined;
}
