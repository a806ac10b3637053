/** Names of storage accounts are unique in the whole service, as they are in the whole of Azure. */
import { z } from 'zod';
import { ArmError } from '../../arm/arm-error.ts';
import { resourceIdKey } from '../../arm/resource-id.ts';
import { isAccountName } from '../../store/blobs/names.ts';
import type { Repositories } from '../../store/store.ts';
import { readBody } from '../arm/request-body.ts';
import type { ProviderRoute } from '../resource-provider.ts';
import { storageVersions, type StorageDeps } from './storage-deps.ts';

/** @throws ArmError 400 `AccountNameInvalid`. */
export function requireAccountName(name: string): void {
  if (!isAccountName(name)) throw new ArmError(400, 'AccountNameInvalid', invalidName(name));
}

/**
 * Takes `name` for the account `id`, in the transaction that writes it.
 * @throws ArmError 409 `StorageAccountAlreadyTaken` when another account has it.
 */
export async function claimAccountName(repositories: Repositories, name: string, id: string): Promise<void> {
  const owner = await repositories.settings.insertIfAbsent(settingOf(name), { id: resourceIdKey(id) });
  if (owner['id'] !== resourceIdKey(id)) throw new ArmError(409, 'StorageAccountAlreadyTaken', taken(name));
}

/** Id of the account that has the name, in lower case; undefined when nobody has it. */
export async function accountWithName(
  { settings }: Pick<Repositories, 'settings'>,
  name: string,
): Promise<string | undefined> {
  const id = (await settings.get(settingOf(name)))?.['id'];
  return typeof id === 'string' ? id : undefined;
}

export async function releaseAccountName(repositories: Repositories, name: string): Promise<void> {
  await repositories.settings.remove(settingOf(name));
}

const question = z.object({ name: z.string().max(1024), type: z.string() });

/** `POST …/checkNameAvailability`. */
export function nameAvailability({ store }: Pick<StorageDeps, 'store'>): ProviderRoute {
  return {
    method: 'POST',
    path: '/subscriptions/{subscriptionId}/providers/Microsoft.Storage/checkNameAvailability',
    apiVersions: storageVersions,
    action: 'Microsoft.Storage/checknameavailability/read',
    handler: async (request) => {
      const { name } = readBody(request, question);
      if (!isAccountName(name)) {
        const message = invalidName(name);
        return { status: 200, body: { nameAvailable: false, reason: 'AccountNameInvalid', message } };
      }
      if ((await store.settings.get(settingOf(name))) === undefined) {
        return { status: 200, body: { nameAvailable: true } };
      }
      return { status: 200, body: { nameAvailable: false, reason: 'AlreadyExists', message: taken(name) } };
    },
  };
}

function settingOf(name: string): string {
  return `storage-account/${name}`;
}

function taken(name: string): string {
  return `The storage account named ${name} is already taken.`;
}

function invalidName(name: string): string {
  return `${name.slice(0, 90)} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only.`;
}
