/** `networkInterfaces`: each configuration joins a subnet and gets an address of it. */
import { z } from 'zod';
import { ArmError } from '../../arm/arm-error.ts';
import { list, optional, readOnly } from '../../arm/wire/scalars.ts';
import type { JsonObject } from '../../model/json.ts';
import { documentType } from '../arm/document-type.ts';
import type { ArmRequest, ResourceTypeDefinition } from '../resource-provider.ts';
import { addressesOf, chooseAddress, usedAddresses, type UsedAddress } from './interface-addresses.ts';
import type { NetworkDeps } from './provider.ts';
import {
  asJson,
  networkNamespace,
  networkWire,
  optionalReference,
  requireNetworkName,
  resourceGuid,
  serviceFields,
} from './network-wire.ts';
import { requireJoin } from './references.ts';

const word = z.string().max(256);

const configuration = z.object({
  name: word,
  id: readOnly,
  properties: z.object({
    provisioningState: readOnly,
    privateIPAddress: optional(word),
    privateIPAllocationMethod: optional(z.enum(['Static', 'Dynamic'])),
    privateIPAddressVersion: optional(z.enum(['IPv4', 'IPv6'])),
    subnet: optionalReference,
    publicIPAddress: optionalReference,
    primary: optional(z.boolean()),
  }),
});

const body = z.object({
  properties: z.object({
    ...serviceFields,
    ipConfigurations: list(configuration, 256),
    networkSecurityGroup: optionalReference,
    dnsSettings: optional(
      z.object({ dnsServers: optional(list(word, 20)), internalDnsNameLabel: optional(word) }),
    ),
    enableAcceleratedNetworking: optional(z.boolean()),
    enableIPForwarding: optional(z.boolean()),
    virtualMachine: readOnly,
  }),
});

type Configuration = z.output<typeof configuration>;

export function networkInterfaces(deps: NetworkDeps, apiVersions: readonly string[]): ResourceTypeDefinition {
  const { store, now, newId } = deps;
  return documentType({
    ...{ store, now, apiVersions, body },
    namespace: networkNamespace,
    type: 'networkInterfaces',
    location: 'regional',
    patch: 'tags',
    complete: async ({ request, body: { properties }, before }) => {
      requireNetworkName(before?.name ?? request.target.names.at(-1) ?? '');
      const { networkSecurityGroup, dnsSettings } = properties;
      if (networkSecurityGroup !== undefined) {
        await requireJoin(deps, request, networkSecurityGroup.id, 'Microsoft.Network/networkSecurityGroups');
      }
      const ipConfigurations = await configurations(
        deps,
        request,
        properties.ipConfigurations,
        before?.id ?? request.target.id,
      );
      return asJson({
        properties: {
          ipConfigurations,
          networkSecurityGroup,
          dnsSettings: { dnsServers: [], appliedDnsServers: [], ...dnsSettings },
          enableAcceleratedNetworking: properties.enableAcceleratedNetworking ?? false,
          enableIPForwarding: properties.enableIPForwarding ?? false,
          nicType: 'Standard',
          resourceGuid: resourceGuid(before, newId),
        },
      });
    },
    written: async ({ resources }, record) => {
      const others = await usedAddresses(resources, {
        subscriptionId: record.subscriptionId,
        except: record.id,
      });
      const own = addressesOf(record);
      const clash = others.find((other) =>
        own.some((one) => one.subnetId === other.subnetId && one.address === other.address),
      );
      if (clash === undefined) return;
      // Two interfaces were made at the same moment; the second one tries again.
      throw new ArmError(
        429,
        'RetryableError',
        `The address ${clash.address} was just taken by ${clash.interfaceId}. Please try again.`,
        {
          headers: { 'Retry-After': '1' },
        },
      );
    },
    toWire: networkWire,
  });
}

async function configurations(
  deps: NetworkDeps,
  request: ArmRequest,
  wanted: readonly Configuration[],
  id: string,
): Promise<readonly JsonObject[]> {
  if (wanted.length === 0) {
    throw new ArmError(
      400,
      'NetworkInterfaceMustHaveIpConfiguration',
      `Network interface ${id} must have one or more IP configurations.`,
    );
  }
  if (new Set(wanted.map(({ name }) => name.toLowerCase())).size < wanted.length) {
    throw new ArmError(
      400,
      'DuplicateResourceName',
      `Two IP configurations of network interface ${id} have the same name.`,
    );
  }
  const used: UsedAddress[] = [
    ...(await usedAddresses(deps.store.resources, {
      subscriptionId: request.target.subscriptionId ?? '',
      except: id,
    })),
  ];
  const primary = Math.max(
    0,
    wanted.findIndex(({ properties }) => properties.primary === true),
  );
  const result: JsonObject[] = [];
  for (const [at, { name, properties }] of wanted.entries()) {
    const {
      subnet,
      publicIPAddress,
      privateIPAddress,
      privateIPAddressVersion: version = 'IPv4',
    } = properties;
    const method = properties.privateIPAllocationMethod ?? 'Dynamic';
    if (subnet === undefined) {
      throw new ArmError(
        400,
        'IpConfigurationSubnetMissing',
        `IP configuration ${name} of network interface ${id} names no subnet.`,
      );
    }
    const record = await requireJoin(deps, request, subnet.id, 'Microsoft.Network/virtualNetworks/subnets');
    const publicId =
      publicIPAddress === undefined
        ? undefined
        : (await requireJoin(deps, request, publicIPAddress.id, 'Microsoft.Network/publicIPAddresses')).id;
    // A dynamic address stays what it was as long as it is free; clients send it back with every change.
    const asked =
      method === 'Static' || isKept(used, record.id, privateIPAddress) ? privateIPAddress : undefined;
    const address = chooseAddress(record, version === 'IPv6' ? 6 : 4, asked, used);
    used.push({ interfaceId: id, subnetId: record.id.toLowerCase(), address });
    result.push(
      asJson({
        name,
        id: `${id}/ipConfigurations/${name}`,
        type: 'Microsoft.Network/networkInterfaces/ipConfigurations',
        properties: {
          provisioningState: 'Succeeded',
          privateIPAddress: address,
          privateIPAllocationMethod: method,
          privateIPAddressVersion: version,
          subnet: { id: record.id },
          ...(publicId === undefined ? {} : { publicIPAddress: { id: publicId } }),
          primary: at === primary,
        },
      }),
    );
  }
  return result;
}

function isKept(used: readonly UsedAddress[], subnetId: string, address: string | undefined): boolean {
  if (address === undefined) return false;
  return !used.some((one) => one.subnetId === subnetId.toLowerCase() && one.address === address);
}
