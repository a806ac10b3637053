/** The account that a request is about, or about a part of. */
import type { ResourceRecord } from '../../store/records.ts';
import { resourceNotFound } from '../arm/resource-errors.ts';
import type { ArmTarget } from '../resource-provider.ts';
import { STORAGE, type StorageDeps } from './storage-deps.ts';

/** @throws ArmError 404 `ResourceNotFound` in the words for the account. */
export async function findAccount(
  { store }: Pick<StorageDeps, 'store'>,
  target: ArmTarget,
): Promise<ResourceRecord> {
  const record = await store.resources.get(accountId(target));
  if (record !== undefined) return record;
  const [name = ''] = target.names;
  throw resourceNotFound({ ...target, types: ['storageAccounts'], names: [name] });
}

function accountId(target: ArmTarget): string {
  const group = `/subscriptions/${target.subscriptionId ?? ''}/resourceGroups/${target.resourceGroup ?? ''}`;
  return `${group}/providers/${STORAGE}/storageAccounts/${target.names[0] ?? ''}`;
}
