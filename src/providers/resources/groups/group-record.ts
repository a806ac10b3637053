/** Resource groups: what is stored and what clients see. */
import { ArmError } from '../../../arm/arm-error.ts';
import { isJsonObject } from '../../../model/json.ts';
import type { ResourceRecord } from '../../../store/records.ts';
import type { Repositories } from '../../../store/store.ts';

export const resourceGroupType = 'Microsoft.Resources/resourceGroups';

/** `Deleting` from the request until the group is gone; writes into it are refused meanwhile. */
export type GroupState = 'Succeeded' | 'Deleting';

/** The id of a group as it is stored. */
export function groupIdOf(subscriptionId: string, name: string): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${name}`;
}

export function groupState({ body }: Pick<ResourceRecord, 'body'>): GroupState {
  const properties = body['properties'];
  return isJsonObject(properties) && properties['provisioningState'] === 'Deleting'
    ? 'Deleting'
    : 'Succeeded';
}

/** Groups show no `systemData`. */
export function groupWire(record: ResourceRecord): object {
  return {
    id: record.id,
    name: record.name,
    type: record.type,
    location: record.location,
    tags: record.tags,
    ...record.body,
  };
}

/** The group, @throws ArmError 404 `ResourceGroupNotFound`. */
export async function findGroup(
  store: Pick<Repositories, 'resources'>,
  subscriptionId: string,
  name: string,
): Promise<ResourceRecord> {
  const record = await store.resources.get(groupIdOf(subscriptionId, name));
  if (record === undefined) throw groupNotFound(name);
  return record;
}

export function groupNotFound(name: string): ArmError {
  return new ArmError(
    404,
    'ResourceGroupNotFound',
    `Resource group '${name.slice(0, 90)}' could not be found.`,
  );
}

/** 409 for writes into a group that is going. */
export function groupBeingDeleted(name: string): ArmError {
  return new ArmError(
    409,
    'ResourceGroupBeingDeleted',
    `The resource group '${name}' is in deprovisioning state and cannot perform this operation.`,
  );
}

/**
 * Refuses names that Azure refuses: 1 to 90 letters, digits, `_ - . ( )`, no period at the end.
 * @throws ArmError 400 `InvalidResourceGroup`.
 */
export function requireGroupName(name: string): void {
  const wrong = [...new Set(name.match(/[^\p{L}\p{N}_.()-]/gu) ?? [])].join('');
  if (wrong !== '') {
    throw new ArmError(
      400,
      'InvalidResourceGroup',
      `The provided resource group name '${name.slice(0, 90)}' has these invalid characters: '${wrong}'. The name can only be a letter, digit, '-', '.', '(', ')' or '_'.`,
    );
  }
  if (name.length === 0 || name.length > 90) {
    throw new ArmError(400, 'InvalidResourceGroup', 'The resource group name must have 1 to 90 characters.');
  }
  if (name.endsWith('.') || name.startsWith('-') || name.startsWith('.')) {
    throw new ArmError(
      400,
      'InvalidResourceGroup',
      `The resource group name '${name}' is invalid. It cannot start with '-' or '.', and cannot end with a period.`,
    );
  }
}
