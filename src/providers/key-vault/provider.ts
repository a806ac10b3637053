/**
 * `Microsoft.KeyVault` and `Microsoft.ContainerInstance` as names only: the guides to image building register them, and
 * Azure's own image builder uses them inside. There are no vaults and no container groups here.
 */
import type { ResourceProvider } from '../resource-provider.ts';

export function createRegistrationOnlyProviders(): readonly ResourceProvider[] {
  return ['Microsoft.KeyVault', 'Microsoft.ContainerInstance'].map((namespace) => ({
    namespace,
    registeredByDefault: false,
    types: [],
  }));
}
