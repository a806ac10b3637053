/** `virtualNetworks` and their `subnets`, which are shown and written inside of them, too. */
import { z } from 'zod';
import { ArmError } from '../../arm/arm-error.ts';
import { list, optional, readOnly } from '../../arm/wire/scalars.ts';
import type { ResourceRecord } from '../../store/records.ts';
import type { Repositories } from '../../store/store.ts';
import { documentType } from '../arm/document-type.ts';
import { readBody } from '../arm/request-body.ts';
import type { ArmRequest, ResourceTypeDefinition } from '../resource-provider.ts';
import { checkAddressPlan } from './address-plan.ts';
import { childrenOf, replaceChildren } from './inline-children.ts';
import type { NetworkDeps } from './provider.ts';
import {
  asJson,
  networkNamespace,
  networkWire,
  networkWireWith,
  propertiesOf,
  requireNetworkName,
  resourceGuid,
  serviceFields,
} from './network-wire.ts';
import { findUser, requireJoin } from './references.ts';
import { subnetContent, subnetProperties, type SubnetProperties } from './subnet-schema.ts';

const word = z.string().max(256);

const body = z.object({
  properties: z.object({
    ...serviceFields,
    addressSpace: z.object({ addressPrefixes: list(word, 1000) }),
    dhcpOptions: optional(z.object({ dnsServers: optional(list(word, 20)) })),
    subnets: optional(list(z.object({ name: word, id: readOnly, properties: subnetProperties }), 3000)),
    enableDdosProtection: optional(z.boolean()),
    enableVmProtection: optional(z.boolean()),
    flowTimeoutInMinutes: optional(z.number().int().min(4).max(30)),
    virtualNetworkPeerings: optional(z.array(z.unknown()).max(0)),
  }),
});
const subnetBody = z.object({ properties: subnetProperties });

export function virtualNetworks(deps: NetworkDeps, apiVersions: readonly string[]): ResourceTypeDefinition {
  const { store, now, newId } = deps;
  return documentType({
    ...{ store, now, apiVersions, body },
    namespace: networkNamespace,
    type: 'virtualNetworks',
    location: 'regional',
    patch: 'tags',
    complete: async ({ request, body: { properties }, before }) => {
      requireNetworkName(before?.name ?? request.target.names.at(-1) ?? '');
      for (const subnet of properties.subnets ?? []) {
        requireNetworkName(subnet.name);
        await requireReferences(deps, request, subnet.properties);
      }
      const { subnets: _, provisioningState: __, virtualNetworkPeerings: ___, ...kept } = properties;
      return asJson({
        properties: {
          ...kept,
          enableDdosProtection: properties.enableDdosProtection ?? false,
          virtualNetworkPeerings: [],
          resourceGuid: resourceGuid(before, newId),
        },
      });
    },
    written: async (repositories, record, request) => {
      const subnets = request.method === 'PUT' ? readBody(request, body).properties.subnets : undefined;
      if (subnets !== undefined) {
        await replaceChildren(repositories, {
          ...{ parent: record, type: 'subnets', request, now: now() },
          children: subnets.map(({ name, properties }) => ({ name, properties: subnetContent(properties) })),
          removing: async (subnet) => refuseUsedSubnet(repositories, subnet),
        });
      }
      checkAddressPlan(record, await childrenOf(repositories.resources, record, 'subnets'));
    },
    removing: async (repositories, record) => {
      for (const subnet of await childrenOf(repositories.resources, record, 'subnets')) {
        await refuseUsedSubnet(repositories, subnet);
      }
    },
    toWire: async (record) => {
      const children = await childrenOf(store.resources, record, 'subnets');
      // Networks that the service shows during a run carry their subnets themselves.
      const own = propertiesOf(record)['subnets'] ?? [];
      return networkWireWith(record, { subnets: children.length > 0 ? children.map(networkWire) : own });
    },
  });
}

export function subnets(deps: NetworkDeps, apiVersions: readonly string[]): ResourceTypeDefinition {
  const { store, now } = deps;
  return documentType({
    ...{ store, now, apiVersions },
    body: subnetBody,
    namespace: networkNamespace,
    type: 'virtualNetworks/subnets',
    location: 'global',
    patch: 'none',
    complete: async ({ request, body: { properties }, before }) => {
      requireNetworkName(before?.name ?? request.target.names.at(-1) ?? '');
      await requireReferences(deps, request, properties);
      return { properties: subnetContent(properties) };
    },
    written: async ({ resources }, record) => {
      const network = await resources.get(record.id.split('/').slice(0, -2).join('/'));
      if (network === undefined) return;
      const all = await childrenOf(resources, network, 'subnets');
      // The one that was written last is the one that does not fit.
      checkAddressPlan(network, [...all.filter(({ id }) => id !== record.id), record]);
    },
    removing: async (repositories, record) => refuseUsedSubnet(repositories, record),
    toWire: networkWire,
  });
}

async function requireReferences(
  deps: NetworkDeps,
  request: ArmRequest,
  properties: SubnetProperties,
): Promise<void> {
  const { networkSecurityGroup, routeTable, natGateway } = properties;
  if (networkSecurityGroup !== undefined) {
    await requireJoin(deps, request, networkSecurityGroup.id, 'Microsoft.Network/networkSecurityGroups');
  }
  if (routeTable !== undefined)
    await requireJoin(deps, request, routeTable.id, 'Microsoft.Network/routeTables');
  if (natGateway !== undefined)
    await requireJoin(deps, request, natGateway.id, 'Microsoft.Network/natGateways');
}

async function refuseUsedSubnet({ resources }: Repositories, subnet: ResourceRecord): Promise<void> {
  const user = await findUser(resources, subnet);
  if (user === undefined) return;
  throw new ArmError(
    400,
    'InUseSubnetCannotBeDeleted',
    `Subnet ${subnet.name} is in use by ${user.id} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.`,
  );
}
