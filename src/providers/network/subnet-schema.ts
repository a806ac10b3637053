/** `properties` of a subnet, alone or inside of its virtual network. */
import { z } from 'zod';
import { list, optional, readOnly } from '../../arm/wire/scalars.ts';
import type { JsonObject } from '../../model/json.ts';
import { asJson, optionalReference, serviceFields } from './network-wire.ts';

const policy = optional(z.enum(['Enabled', 'Disabled']));
const endpointPolicy = optional(
  z.enum(['Enabled', 'Disabled', 'NetworkSecurityGroupEnabled', 'RouteTableEnabled']),
);
const word = z.string().max(256);

export const subnetProperties = z.object({
  ...serviceFields,
  addressPrefix: optional(word),
  addressPrefixes: optional(list(word, 32)),
  networkSecurityGroup: optionalReference,
  routeTable: optionalReference,
  natGateway: optionalReference,
  serviceEndpoints: optional(list(z.object({ service: word, locations: optional(list(word, 64)) }), 64)),
  delegations: optional(
    list(
      z.object({
        name: word,
        id: readOnly,
        properties: optional(z.object({ serviceName: optional(word), actions: readOnly })),
      }),
      16,
    ),
  ),
  privateEndpointNetworkPolicies: endpointPolicy,
  privateLinkServiceNetworkPolicies: policy,
  defaultOutboundAccess: optional(z.boolean()),
  ipConfigurations: readOnly,
});

export type SubnetProperties = z.output<typeof subnetProperties>;

/** What is stored; defaults are Azure's. */
export function subnetContent(properties: SubnetProperties): JsonObject {
  const { addressPrefix, addressPrefixes, delegations, ...rest } = properties;
  const { provisioningState: _, resourceGuid: __, ipConfigurations: ___, ...kept } = rest;
  const [only, ...more] = addressPrefixes ?? [];
  return asJson({
    ...kept,
    ...(more.length > 0 ? { addressPrefixes } : { addressPrefix: only ?? addressPrefix }),
    delegations: (delegations ?? []).map(({ name, properties: { serviceName } = {} }) => ({
      name,
      properties: { serviceName, provisioningState: 'Succeeded' },
    })),
    privateEndpointNetworkPolicies: properties.privateEndpointNetworkPolicies ?? 'Disabled',
    privateLinkServiceNetworkPolicies: properties.privateLinkServiceNetworkPolicies ?? 'Enabled',
  });
}

/** The prefixes of a stored subnet. */
export function subnetPrefixes(properties: JsonObject): readonly string[] {
  const { addressPrefix, addressPrefixes } = properties;
  if (Array.isArray(addressPrefixes)) return addressPrefixes.filter((prefix) => typeof prefix === 'string');
  return typeof addressPrefix === 'string' ? [addressPrefix] : [];
}
