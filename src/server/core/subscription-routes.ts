/** Subscriptions, tenants and locations, as `az account` and the subscription clients read them. */
import type { AccessCheck } from '../../identity/access/access-check.ts';
import { coversScope } from '../../identity/access/scope.ts';
import type { Tenant } from '../../identity/tenant.ts';
import { locations, type Location } from '../../providers/arm/locations.ts';
import type { ArmRequest, ProviderRoute } from '../../providers/resource-provider.ts';
import type { Subscription, Subscriptions } from '../directory/subscriptions.ts';
import { subscriptionVersions } from './core-versions.ts';

export interface SubscriptionRouteDeps {
  readonly tenant: Tenant;
  readonly subscriptions: Subscriptions;
  readonly access: Pick<AccessCheck, 'scopesOf'>;
}

export function subscriptionRoutes(deps: SubscriptionRouteDeps): readonly ProviderRoute[] {
  const { tenant, subscriptions } = deps;
  const apiVersions = subscriptionVersions;
  const anyone = undefined;
  return [
    {
      ...{ method: 'GET', path: '/tenants', apiVersions, action: anyone },
      handler: async () => ({ status: 200, body: { value: [tenantWire(tenant)] } }),
    },
    {
      // Only those where the caller holds a role, as in Azure.
      ...{ method: 'GET', path: '/subscriptions', apiVersions, action: anyone },
      handler: async (request) => {
        const scopes = await deps.access.scopesOf(request.principal);
        const visible = (await subscriptions.list()).filter(({ subscriptionId }) =>
          scopes.some(
            (scope) =>
              coversScope(scope, `/subscriptions/${subscriptionId}`) ||
              coversScope(`/subscriptions/${subscriptionId}`, scope),
          ),
        );
        const value = visible.map((subscription) => subscriptionWire(subscription, tenant));
        return { status: 200, body: { value, count: { type: 'Total', value: value.length } } };
      },
    },
    {
      ...{ method: 'GET', path: '/subscriptions/{subscriptionId}', apiVersions },
      action: 'Microsoft.Resources/subscriptions/read',
      handler: async (request) => {
        const found = await subscriptions.get(subscriptionOf(request));
        return found === undefined ? { status: 404 } : { status: 200, body: subscriptionWire(found, tenant) };
      },
    },
    {
      ...{ method: 'GET', path: '/subscriptions/{subscriptionId}/locations', apiVersions },
      action: 'Microsoft.Resources/subscriptions/locations/read',
      handler: async (request) => ({
        status: 200,
        body: { value: locations.map((location) => locationWire(location, subscriptionOf(request))) },
      }),
    },
  ];
}

function tenantWire({ tenantId, displayName, defaultDomain }: Tenant): object {
  return {
    id: `/tenants/${tenantId}`,
    tenantId,
    countryCode: 'US',
    displayName,
    domains: [defaultDomain],
    tenantCategory: 'Home',
    defaultDomain,
    tenantType: 'AAD',
  };
}

function subscriptionWire({ subscriptionId, displayName }: Subscription, { tenantId }: Tenant): object {
  return {
    id: `/subscriptions/${subscriptionId}`,
    authorizationSource: 'RoleBased',
    managedByTenants: [],
    subscriptionId,
    tenantId,
    displayName,
    state: 'Enabled',
    subscriptionPolicies: {
      locationPlacementId: 'Public_2014-09-01',
      quotaId: 'PayAsYouGo_2014-09-01',
      spendingLimit: 'Off',
    },
  };
}

function locationWire(location: Location, subscriptionId: string): object {
  const { name, displayName, geography, geographyGroup, latitude, longitude, zones, preview } = location;
  return {
    id: `/subscriptions/${subscriptionId}/locations/${name}`,
    name,
    type: 'Region',
    displayName,
    regionalDisplayName: `(${geographyGroup}) ${displayName}`,
    metadata: {
      regionType: 'Physical',
      regionCategory: zones && preview !== true ? 'Recommended' : 'Other',
      geography,
      geographyGroup,
      longitude: String(longitude),
      latitude: String(latitude),
      physicalLocation: '',
      pairedRegion: [],
    },
    ...(zones
      ? {
          availabilityZoneMappings: ['1', '2', '3'].map((zone) => ({
            logicalZone: zone,
            physicalZone: `${name}-az${zone}`,
          })),
        }
      : {}),
  };
}

function subscriptionOf({ target }: ArmRequest): string {
  return target.subscriptionId ?? '';
}
