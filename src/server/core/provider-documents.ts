/** What each resource provider offers: types, api-versions and places; `az provider` and `az resource` read it. */
import { locations } from '../../providers/arm/locations.ts';
import type { ResourceProvider, ResourceTypeDefinition } from '../../providers/resource-provider.ts';
import type { Registry } from '../arm/registry.ts';
import type { RegistrationState } from '../directory/subscriptions.ts';

export interface ProviderDocumentOptions {
  /** Undefined: the document of the tenant, which has no id and no state. */
  readonly subscriptionId: string | undefined;
  readonly state: RegistrationState | undefined;
}

/** The document of one namespace. @param key the namespace in lower case. */
export function providerDocument(
  registry: Registry,
  key: string,
  options: ProviderDocumentOptions,
): object | undefined {
  const providers = registry.namespaces.get(key);
  const namespace = registry.namespace(key);
  if (providers === undefined || namespace === undefined) return undefined;
  const { subscriptionId, state } = options;
  const scope = subscriptionId === undefined ? '' : `/subscriptions/${subscriptionId}`;
  return {
    id: `${scope}/providers/${namespace}`,
    namespace,
    resourceTypes: resourceTypes(providers),
    ...(subscriptionId === undefined
      ? {}
      : {
          registrationState: state ?? (startsRegistered(providers) ? 'Registered' : 'NotRegistered'),
          registrationPolicy: startsRegistered(providers) ? 'RegistrationFree' : 'RegistrationRequired',
        }),
  };
}

/** Whether a subscription may use the namespace before it asked to. */
export function startsRegistered(providers: readonly ResourceProvider[]): boolean {
  return providers.every((provider) => provider.registeredByDefault);
}

function resourceTypes(providers: readonly ResourceProvider[]): object[] {
  const types = providers.flatMap((provider) => provider.types);
  const listed = types.map(typeDocument);
  const names = new Set(types.map(({ type }) => type.toLowerCase()));
  const newest = [...new Set(types.flatMap(({ apiVersions }) => apiVersions))].toSorted().toReversed();
  for (const own of ['locations', 'locations/operations', 'operations']) {
    if (names.has(own)) continue;
    listed.push({ resourceType: own, locations: [], apiVersions: newest, capabilities: 'None' });
  }
  return listed;
}

function typeDocument(definition: ResourceTypeDefinition): object {
  const { type, apiVersions, location } = definition;
  const regional = location === 'regional';
  const places = regional ? locations.map(({ displayName }) => displayName) : [];
  const taggable = definition.put !== undefined && (definition.scope ?? 'group') === 'group';
  const capabilities = [
    ...(taggable && !type.includes('/')
      ? ['CrossResourceGroupResourceMove', 'CrossSubscriptionResourceMove']
      : []),
    ...(taggable && regional ? ['SupportsTags', 'SupportsLocation'] : []),
    ...(definition.scope === 'extension' ? ['SupportsExtension'] : []),
  ];
  return {
    resourceType: type,
    locations: regional ? places : definition.scope === 'extension' ? [] : ['global'],
    apiVersions,
    ...(apiVersions[0] === undefined ? {} : { defaultApiVersion: apiVersions[0] }),
    capabilities: capabilities.length === 0 ? 'None' : capabilities.join(', '),
  };
}
