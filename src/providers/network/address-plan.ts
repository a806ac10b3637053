/** The rules between a virtual network and its subnets; held in the transaction of every write to either. */
import { ArmError } from '../../arm/arm-error.ts';
import type { ResourceRecord } from '../../store/records.ts';
import { isJsonObject } from '../../model/json.ts';
import { containsCidr, overlaps, readCidr, type Cidr } from './cidr.ts';
import { propertiesOf } from './network-wire.ts';
import { subnetPrefixes } from './subnet-schema.ts';

/** Azure takes five addresses of every subnet for itself. */
const smallestSubnet = { 4: 29, 6: 64 } as const;

/** The prefixes of a virtual network. */
export function networkPrefixes(network: ResourceRecord): readonly string[] {
  const space = propertiesOf(network)['addressSpace'];
  const prefixes = isJsonObject(space) ? space['addressPrefixes'] : undefined;
  return Array.isArray(prefixes) ? prefixes.filter((prefix) => typeof prefix === 'string') : [];
}

/**
 * @throws ArmError 400 with Azure's code for the first rule that is broken: prefixes that are none, ranges that overlap,
 *   subnets outside of their network.
 */
export function checkAddressPlan(network: ResourceRecord, subnets: readonly ResourceRecord[]): void {
  const spaces = networkPrefixes(network).map((prefix) => requireCidr(prefix, network.id));
  if (spaces.length === 0) {
    throw new ArmError(
      400,
      'InvalidRequestFormat',
      `The virtual network ${network.name} has no address prefix.`,
    );
  }
  if (spaces.some((space, at) => spaces.slice(at + 1).some((other) => overlaps(space, other)))) {
    throw new ArmError(
      400,
      'NetcfgInvalidVirtualNetworkSite',
      `The address prefixes of virtual network '${network.name}' overlap.`,
    );
  }
  const taken: Cidr[] = [];
  for (const subnet of subnets) {
    const prefixes = subnetPrefixes(propertiesOf(subnet));
    if (prefixes.length === 0)
      throw subnetError('NetcfgSubnetHasNoPrefix', subnet, 'it has no address prefix');
    for (const prefix of prefixes) {
      const range = requireCidr(prefix, subnet.id);
      if (range.prefixLength > smallestSubnet[range.version]) {
        throw subnetError(
          'NetcfgInvalidSubnet',
          subnet,
          `its range ${prefix} is smaller than a subnet can be`,
        );
      }
      if (!spaces.some((space) => containsCidr(space, range))) {
        throw subnetError(
          'NetcfgSubnetRangeOutsideVnet',
          subnet,
          `its IP address range is outside the IP address range of virtual network '${network.name}'`,
        );
      }
      if (taken.some((other) => overlaps(range, other))) {
        throw subnetError(
          'NetcfgSubnetRangesOverlap',
          subnet,
          `its IP address range overlaps with that of an existing subnet in virtual network '${network.name}'`,
        );
      }
      taken.push(range);
    }
  }
}

/** The range that `text` names. @throws ArmError 400 `InvalidAddressPrefixFormat` or `InvalidCIDRNotation`. */
export function requireCidr(text: string, resourceId: string): Cidr {
  const read = readCidr(text);
  if (read.ok) return read.cidr;
  if (read.expected === undefined) {
    throw new ArmError(
      400,
      'InvalidAddressPrefixFormat',
      `Address prefix ${text.slice(0, 64)} of resource ${resourceId} is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24.`,
    );
  }
  throw new ArmError(
    400,
    'InvalidCIDRNotation',
    `The address prefix ${text} in resource ${resourceId} has an invalid CIDR notation. For the given prefix length, the address prefix should be ${read.expected}.`,
  );
}

function subnetError(code: string, { name }: ResourceRecord, why: string): ArmError {
  return new ArmError(400, code, `Subnet '${name}' is not valid because ${why}.`);
}
