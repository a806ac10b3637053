/** Network resources name each other by id: a subnet its security group, an interface its subnet. */
import { ArmError } from '../../arm/arm-error.ts';
import type { AccessCheck } from '../../identity/access/access-check.ts';
import { listAll } from '../../store/list-all.ts';
import type { ResourceRecord } from '../../store/records.ts';
import type { ResourceRepository, Store } from '../../store/store.ts';
import { linkedAuthorizationFailed } from '../authorization/linked-authorization.ts';
import type { ArmRequest } from '../resource-provider.ts';

export interface ReferenceDeps {
  readonly store: Pick<Store, 'resources'>;
  readonly access: Pick<AccessCheck, 'allowed'>;
}

/** Types whose resources may name others. */
const users = ['Microsoft.Network/networkInterfaces', 'Microsoft.Network/virtualNetworks/subnets'];

/**
 * The resource that `id` names, which must be of `type` and which the caller may join.
 * @throws ArmError 400 `InvalidResourceReference`, 403 `LinkedAuthorizationFailed`.
 */
export async function requireJoin(
  { store, access }: ReferenceDeps,
  request: ArmRequest,
  id: string,
  type: string,
): Promise<ResourceRecord> {
  const record = await store.resources.get(id);
  if (record === undefined || record.type.toLowerCase() !== type.toLowerCase()) {
    throw new ArmError(
      400,
      'InvalidResourceReference',
      `Resource ${id} referenced by resource ${request.target.id} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
    );
  }
  const right = `${type}/join/action`;
  if (await access.allowed(request.principal, right, record.id)) return record;
  throw linkedAuthorizationFailed(request, right, record.id);
}

/** The first resource that names `id` or something below it; what may not be deleted meanwhile. */
export async function findUser(
  resources: Pick<ResourceRepository, 'list'>,
  { id, subscriptionId }: Pick<ResourceRecord, 'id' | 'subscriptionId'>,
): Promise<ResourceRecord | undefined> {
  const own = id.toLowerCase();
  const quoted = JSON.stringify(own);
  const starts = [quoted, `${quoted.slice(0, -1)}/`];
  for (const type of users) {
    for await (const record of listAll(resources, { subscriptionId, type })) {
      if (`${record.id.toLowerCase()}/`.startsWith(`${own}/`)) continue;
      const text = JSON.stringify(record.body).toLowerCase();
      if (starts.some((start) => text.includes(start))) return record;
    }
  }
  return undefined;
}
