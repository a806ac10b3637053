/**
 * `publicIPAddresses`: kept and checked. No address is given out: nothing here is reachable under one, and an invented
 * address would be somebody else's.
 */
import { z } from 'zod';
import { ArmError } from '../../arm/arm-error.ts';
import { list, optional, readOnly } from '../../arm/wire/scalars.ts';
import { documentType } from '../arm/document-type.ts';
import type { ResourceTypeDefinition } from '../resource-provider.ts';
import type { NetworkDeps } from './provider.ts';
import {
  asJson,
  networkNamespace,
  networkWire,
  requireNetworkName,
  resourceGuid,
  serviceFields,
} from './network-wire.ts';
import { findUser } from './references.ts';

const word = z.string().max(256);

const body = z.object({
  sku: optional(
    z.object({
      name: optional(z.enum(['Basic', 'Standard'])),
      tier: optional(z.enum(['Regional', 'Global'])),
    }),
  ),
  zones: optional(list(z.enum(['1', '2', '3']), 3)),
  properties: optional(
    z.object({
      ...serviceFields,
      publicIPAllocationMethod: optional(z.enum(['Static', 'Dynamic'])),
      publicIPAddressVersion: optional(z.enum(['IPv4', 'IPv6'])),
      idleTimeoutInMinutes: optional(z.number().int().min(4).max(30)),
      dnsSettings: optional(
        z.object({ domainNameLabel: optional(word), reverseFqdn: optional(word), fqdn: readOnly }),
      ),
      deleteOption: optional(z.enum(['Delete', 'Detach'])),
      ipTags: optional(list(z.object({ ipTagType: optional(word), tag: optional(word) }), 16)),
      ipAddress: readOnly,
      ipConfiguration: readOnly,
    }),
  ),
});

export function publicAddresses(
  { store, now, newId }: NetworkDeps,
  apiVersions: readonly string[],
): ResourceTypeDefinition {
  return documentType({
    ...{ store, now, apiVersions, body },
    namespace: networkNamespace,
    type: 'publicIPAddresses',
    location: 'regional',
    patch: 'tags',
    complete: ({ request, body: { sku = {}, zones, properties = {} }, before }) => {
      requireNetworkName(before?.name ?? request.target.names.at(-1) ?? '');
      const { name = 'Basic', tier = 'Regional' } = sku;
      const method = properties.publicIPAllocationMethod ?? (name === 'Standard' ? 'Static' : 'Dynamic');
      if (name === 'Standard' && method === 'Dynamic') {
        throw new ArmError(
          400,
          'StandardSkuPublicIPAddressesMustBeStatic',
          `Standard sku publicIp ${request.target.id} must have AllocationMethod set to Static.`,
        );
      }
      const { ipAddress: _, ipConfiguration: __, provisioningState: ___, ...kept } = properties;
      return asJson({
        sku: { name, tier },
        zones,
        properties: {
          ...kept,
          publicIPAllocationMethod: method,
          publicIPAddressVersion: properties.publicIPAddressVersion ?? 'IPv4',
          idleTimeoutInMinutes: properties.idleTimeoutInMinutes ?? 4,
          ipTags: properties.ipTags ?? [],
          resourceGuid: resourceGuid(before, newId),
        },
      });
    },
    removing: async ({ resources }, record) => {
      const user = await findUser(resources, record);
      if (user === undefined) return;
      throw new ArmError(
        400,
        'PublicIPAddressCannotBeDeleted',
        `Public IP address ${record.id} can not be deleted since it is still allocated to resource ${user.id}. In order to delete the public IP, disassociate/detach the Public IP address from the resource.`,
      );
    },
    toWire: networkWire,
  });
}
