/** `Microsoft.Storage`: accounts, their keys and SAS, blob containers. */
import { describeOperations } from '../resources/describe-operations.ts';
import type { ProviderRoute, ResourceProvider } from '../resource-provider.ts';
import { locations } from '../arm/locations.ts';
import { accountKinds } from './account-body.ts';
import { nameAvailability } from './account-names.ts';
import { storageAccounts } from './accounts.ts';
import { blobContainers, blobServices } from './blob-containers.ts';
import { ACCOUNT_TYPE, STORAGE, storageVersions, type StorageDeps } from './storage-deps.ts';

export function createStorageProvider(deps: StorageDeps): ResourceProvider {
  return {
    namespace: STORAGE,
    registeredByDefault: true,
    types: [storageAccounts(deps), blobServices(deps), blobContainers(deps)],
    routes: [nameAvailability(deps), skus(), usages(deps)],
    operations: describeOperations('Microsoft Storage', {
      'Microsoft.Storage/storageAccounts': [
        'storage account',
        ...(['read', 'write', 'delete', 'listkeys/action', 'regeneratekey/action'] as const),
        ...(['listAccountSas/action', 'listServiceSas/action'] as const),
      ],
      'Microsoft.Storage/storageAccounts/blobServices': ['blob service', 'read'],
      'Microsoft.Storage/storageAccounts/blobServices/containers': [
        'blob container',
        ...(['read', 'write', 'delete'] as const),
      ],
    }),
  };
}

function skus(): ProviderRoute {
  const names = ['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_RAGRS', 'Premium_LRS'];
  return {
    method: 'GET',
    path: '/subscriptions/{subscriptionId}/providers/Microsoft.Storage/skus',
    apiVersions: storageVersions,
    action: 'Microsoft.Storage/skus/read',
    handler: async () => ({
      status: 200,
      body: {
        value: names.flatMap((name) =>
          accountKinds.slice(0, 3).map((kind) => ({
            resourceType: 'storageAccounts',
            name,
            tier: name.startsWith('Premium') ? 'Premium' : 'Standard',
            kind,
            locations: locations.map((place) => place.name),
            capabilities: [],
            restrictions: [],
          })),
        ),
      },
    }),
  };
}

/** As many accounts as Azure allows a subscription in one region. */
const ACCOUNT_LIMIT = 250;

function usages({ store }: StorageDeps): ProviderRoute {
  return {
    method: 'GET',
    path: '/subscriptions/{subscriptionId}/providers/Microsoft.Storage/locations/{location}/usages',
    apiVersions: storageVersions,
    action: 'Microsoft.Storage/locations/usages/read',
    handler: async (_request, { subscriptionId = '' }) => {
      const currentValue = await store.resources.count({ type: ACCOUNT_TYPE, subscriptionId });
      const name = { value: 'StorageAccounts', localizedValue: 'Storage Accounts' };
      return {
        status: 200,
        body: { value: [{ unit: 'Count', currentValue, limit: ACCOUNT_LIMIT, name }] },
      };
    },
  };
}
