/** Which resources a move takes along, and why one may not be moved at all. */
import { ArmError } from '../../../arm/arm-error.ts';
import { listAll } from '../../../store/list-all.ts';
import type { ResourceRecord } from '../../../store/records.ts';
import type { Repositories } from '../../../store/store.ts';
import { lockAgainst, scopeLocked } from '../locks.ts';

/**
 * Types that are only data, so that another id is all a move changes. Image templates, galleries, images and storage
 * accounts are bound to what lies elsewhere under their id, and stay where they are.
 */
const movable = new Set(
  [
    'Microsoft.ManagedIdentity/userAssignedIdentities',
    'Microsoft.Network/networkInterfaces',
    'Microsoft.Network/networkSecurityGroups',
    'Microsoft.Network/publicIPAddresses',
    'Microsoft.Network/virtualNetworks',
  ].map((type) => type.toLowerCase()),
);

export interface MoveOrder {
  readonly sourceGroup: ResourceRecord;
  readonly targetGroup: ResourceRecord;
  /** Ids as the client wrote them. */
  readonly resources: readonly string[];
}

/** A record and the id it will have. */
export interface PlannedMove {
  readonly record: ResourceRecord;
  readonly id: string;
}

/**
 * Everything the move changes the id of: the resources and what is below them, rights excepted (they are lost in
 * Azure, too).
 * @throws ArmError the first reason against the move.
 */
export async function planMove(
  repositories: Pick<Repositories, 'resources'>,
  { sourceGroup, targetGroup, resources }: MoveOrder,
): Promise<readonly PlannedMove[]> {
  const records = await Promise.all(
    resources.map(async (id) => {
      const record = id.toLowerCase().startsWith(`${sourceGroup.id.toLowerCase()}/providers/`)
        ? await repositories.resources.get(id)
        : undefined;
      if (record === undefined || !isTopLevel(record)) throw notThere(id, sourceGroup);
      return record;
    }),
  );
  const refused = [...new Set(records.map(({ type }) => type))].filter(
    (type) => !movable.has(type.toLowerCase()),
  );
  if (refused.length > 0) throw moveNotSupported(refused);
  const plan: PlannedMove[] = [];
  for (const record of records) {
    for (const id of [record.id, targetGroup.id]) {
      const lock = await lockAgainst(repositories, id, 'PUT');
      if (lock !== undefined) throw scopeLocked(id, 'PUT', lock);
    }
    const id = `${targetGroup.id}${record.id.slice(sourceGroup.id.length)}`;
    if ((await repositories.resources.get(id)) !== undefined) throw nameTaken(id);
    plan.push({ record, id });
    for await (const below of listAll(repositories.resources, { under: record.id })) {
      plan.push({ record: below, id: `${id}${below.id.slice(record.id.length)}` });
    }
  }
  return plan;
}

function isTopLevel({ type }: ResourceRecord): boolean {
  return type.split('/').length === 2;
}

/** Azure's words; image templates are the type that people ask for. */
function moveNotSupported(types: readonly string[]): ArmError {
  return new ArmError(
    409,
    'ResourceMoveNotSupported',
    `Resource move is not supported for resource types '${types.join(',')}'.`,
  );
}

function notThere(id: string, group: ResourceRecord): ArmError {
  return new ArmError(
    404,
    'ResourceNotFound',
    `The resource '${id.slice(0, 400)}' is not a top-level resource of resource group '${group.name}'.`,
  );
}

function nameTaken(id: string): ArmError {
  return new ArmError(
    409,
    'ResourceMoveConflict',
    `The resource '${id}' already exists in the target resource group.`,
  );
}
