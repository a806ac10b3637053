/** `properties.vmProfile` and the disks beside it (reference 1.4, 2.7). */
import { z } from 'zod';
import type { VmProfile } from '../../../model/image-template.ts';
import { parseSubnetId, resourceIdForms, type SubnetId } from '../../known-resource-ids.ts';
import { resourceIdKey } from '../../resource-id.ts';
import { entries, has, type Fields, type Finding } from '../finding.ts';
import { list, maxInt32, optional, textOrEmpty, wholeNumber } from '../scalars.ts';
import { resourceIdText } from './resource-id-text.ts';
import { identityId, identityIdsAreUnique } from './resource.ts';

const sizeName = textOrEmpty({
  expected: "the name of a VM size such as 'Standard_D2ds_v4'",
  accepts: (value) => /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(value),
});

/** Azure size name; empty = the default size of the generation. */
export const vmSize = optional(sizeName);
/** GiB; 0 = the size of the source. */
export const osDiskSizeGB = optional(wholeNumber(0, maxInt32));
export const proxyVmSize = optional(sizeName);
export const buildVmIdentities = optional(list(identityId, 1000));
export const subnetId = optional(
  resourceIdText({
    expected: `the id of a subnet, ${resourceIdForms.subnet}`,
    accepts: (value) => parseSubnetId(value) !== undefined,
  }),
);
export const additionalDataDisks = optional(list(z.object({ sizeGB: wholeNumber(0, maxInt32) }), 64));

/** Rule: an identity is put on the build VM once. */
export function buildVmIdentitiesAreUnique(fields: Fields): readonly Finding[] {
  return identityIdsAreUnique(entries(fields, 'userAssignedIdentities')).map((index) => ({
    path: ['userAssignedIdentities', index],
    code: 'Duplicate',
    message: 'This identity is already in the list.',
  }));
}

/** Rule: a proxy VM exists only in the network shape without a container subnet. */
export function proxyVmSizeExcludesContainerSubnet(fields: Fields): readonly Finding[] {
  if (!isSet(fields, 'proxyVmSize') || !isSet(fields, 'containerInstanceSubnetId')) return [];
  const message = "Fields 'proxyVmSize' and 'containerInstanceSubnetId' cannot be used together.";
  return [{ path: ['proxyVmSize'], code: 'FieldConflict', message }];
}

/** Rule: a container subnet goes with a build VM subnet: another one, in the same virtual network. */
export function containerSubnetFitsBuildSubnet(fields: Fields): readonly Finding[] {
  if (!isSet(fields, 'containerInstanceSubnetId')) return [];
  const path = ['containerInstanceSubnetId'];
  if (!isSet(fields, 'subnetId')) {
    const message = "Field 'containerInstanceSubnetId' can only be used with 'subnetId'.";
    return [{ path, code: 'FieldConflict', message }];
  }
  const container = subnetIn(fields, 'containerInstanceSubnetId');
  const build = subnetIn(fields, 'subnetId');
  if (container === undefined || build === undefined) return [];
  if (resourceIdKey(container.virtualNetworkId) !== resourceIdKey(build.virtualNetworkId)) {
    return [{ path, expected: "a subnet in the same virtual network as 'subnetId'" }];
  }
  const sameSubnet = container.subnet.toLowerCase() === build.subnet.toLowerCase();
  return sameSubnet ? [{ path, expected: "another subnet than 'subnetId'" }] : [];
}

/** Rules see fields before anything is known about their types. */
function subnetIn(fields: Fields, name: string): SubnetId | undefined {
  const value = fields[name];
  return typeof value === 'string' ? parseSubnetId(value) : undefined;
}

function isSet(fields: Fields, name: string): boolean {
  return has(fields, name) && fields[name] !== '';
}

interface WireVmProfile {
  readonly vmSize?: string;
  readonly osDiskSizeGB?: number;
  readonly userAssignedIdentities?: readonly string[];
  readonly vnetConfig?: {
    readonly subnetId?: string;
    readonly containerInstanceSubnetId?: string;
    readonly proxyVmSize?: string;
  };
}

export function fromVmProfile(wire: WireVmProfile = {}): VmProfile {
  const network = wire.vnetConfig;
  return {
    vmSize: wire.vmSize || undefined,
    osDiskSizeGB: wire.osDiskSizeGB || undefined,
    userAssignedIdentities: wire.userAssignedIdentities ?? [],
    vnetConfig:
      network === undefined
        ? undefined
        : {
            subnetId: network.subnetId,
            containerInstanceSubnetId: network.containerInstanceSubnetId,
            proxyVmSize: network.proxyVmSize || undefined,
          },
  };
}
