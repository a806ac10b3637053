/** Private addresses of network interfaces: what a subnet still has, and whether one that is asked for is free. */
import { ArmError } from '../../arm/arm-error.ts';
import { isJsonObject } from '../../model/json.ts';
import { listAll } from '../../store/list-all.ts';
import type { ResourceRecord } from '../../store/records.ts';
import type { ResourceRepository } from '../../store/store.ts';
import { requireCidr } from './address-plan.ts';
import { containsAddress, formatAddress, readAddress, type Cidr } from './cidr.ts';
import { propertiesOf } from './network-wire.ts';
import { subnetPrefixes } from './subnet-schema.ts';

/** The first four addresses of a subnet and its last one are Azure's own. */
const firstUsable = 4n;
/** A subnet of IPv6 has more addresses than anybody walks through. */
const mostTried = 65_536n;

export interface UsedAddress {
  readonly interfaceId: string;
  readonly subnetId: string;
  readonly address: string;
}

/** The addresses that interfaces of a subscription hold, `except` left out. */
export async function usedAddresses(
  resources: Pick<ResourceRepository, 'list'>,
  { subscriptionId, except }: { readonly subscriptionId: string; readonly except: string },
): Promise<readonly UsedAddress[]> {
  const used: UsedAddress[] = [];
  for await (const record of listAll(resources, {
    subscriptionId,
    type: 'Microsoft.Network/networkInterfaces',
  })) {
    if (record.id.toLowerCase() === except.toLowerCase()) continue;
    used.push(...addressesOf(record));
  }
  return used;
}

/** The addresses of one stored interface. */
export function addressesOf(record: ResourceRecord): readonly UsedAddress[] {
  const { ipConfigurations } = propertiesOf(record);
  if (!Array.isArray(ipConfigurations)) return [];
  return ipConfigurations.filter(isJsonObject).flatMap(({ properties }) => {
    const { privateIPAddress, subnet } = isJsonObject(properties) ? properties : {};
    const subnetId = isJsonObject(subnet) ? subnet['id'] : undefined;
    if (typeof privateIPAddress !== 'string' || typeof subnetId !== 'string') return [];
    return [{ interfaceId: record.id, subnetId: subnetId.toLowerCase(), address: privateIPAddress }];
  });
}

/**
 * The address for one configuration: the one asked for, or the first free one.
 * @throws ArmError 400 `PrivateIPAddressNotInSubnet`, `PrivateIPAddressIsAllocated`, `SubnetIsFull`, …
 */
export function chooseAddress(
  subnet: ResourceRecord,
  version: 4 | 6,
  wanted: string | undefined,
  used: readonly UsedAddress[],
): string {
  const ranges = subnetPrefixes(propertiesOf(subnet))
    .map((prefix) => requireCidr(prefix, subnet.id))
    .filter((range) => range.version === version);
  const taken = new Map(
    used
      .filter(({ subnetId }) => subnetId === subnet.id.toLowerCase())
      .map(({ address, interfaceId }) => [address, interfaceId]),
  );
  if (wanted !== undefined) return requireFree(subnet, ranges, wanted, taken);
  for (const range of ranges) {
    const end = range.last < range.first + mostTried ? range.last : range.first + mostTried;
    for (let value = range.first + firstUsable; value < end; value += 1n) {
      const address = formatAddress({ version, value });
      if (!taken.has(address)) return address;
    }
  }
  throw new ArmError(
    400,
    'SubnetIsFull',
    `Subnet ${subnet.name} with address prefix ${subnetPrefixes(propertiesOf(subnet)).join(',')} does not have enough capacity for 1 IP addresses.`,
  );
}

function requireFree(
  subnet: ResourceRecord,
  ranges: readonly Cidr[],
  wanted: string,
  taken: ReadonlyMap<string, string>,
): string {
  const read = readAddress(wanted);
  if (read === undefined) {
    throw new ArmError(
      400,
      'InvalidIPAddressFormat',
      `The IP address '${wanted.slice(0, 64)}' is not formatted correctly.`,
    );
  }
  const address = formatAddress(read);
  const range = ranges.find((candidate) => containsAddress(candidate, read));
  if (range === undefined) {
    throw new ArmError(
      400,
      'PrivateIPAddressNotInSubnet',
      `Private static IP address ${address} does not belong to the range of subnet prefix ${subnetPrefixes(propertiesOf(subnet)).join(',')}.`,
    );
  }
  if (read.value < range.first + firstUsable || (read.version === 4 && read.value === range.last)) {
    throw new ArmError(
      400,
      'PrivateIPAddressInReservedRange',
      `Private static IP address ${address} falls within reserved IP range of subnet ${subnet.id}.`,
    );
  }
  const holder = taken.get(address);
  if (holder === undefined) return address;
  throw new ArmError(
    400,
    'PrivateIPAddressIsAllocated',
    `IP configuration is using the private IP address ${address} which is already allocated to resource ${holder}.`,
  );
}
