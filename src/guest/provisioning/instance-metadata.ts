/** The Instance Metadata Service's description of the build VM, the fields that cloud-init and waagent read and their neighbours. */
import type { ProvisioningIdentity } from './identity.ts';

/** Api-versions this service answers; others get 400 with the list of these, as on Azure. */
export const METADATA_API_VERSIONS = [
  '2017-04-02',
  '2017-08-01',
  '2017-12-01',
  '2018-02-01',
  '2018-10-01',
  '2019-02-01',
  '2019-03-11',
  '2019-04-30',
  '2019-06-01',
  '2019-06-04',
  '2019-08-01',
  '2019-08-15',
  '2019-11-01',
  '2020-06-01',
  '2020-07-15',
  '2020-09-01',
  '2020-10-01',
  '2020-12-01',
  '2021-01-01',
  '2021-02-01',
  '2021-03-01',
  '2021-05-01',
  '2021-08-01',
  '2021-10-01',
  '2021-11-01',
  '2021-11-15',
  '2021-12-13',
  '2023-07-01',
  '2023-11-15',
  '2025-04-07',
] as const;

/** A machine of one's own belongs to no subscription; agents only want the fields to be there. */
const SUBSCRIPTION_ID = '00000000-0000-0000-0000-000000000000';
const RESOURCE_GROUP = 'goldsmith';

/** `userData` is plain text; it travels base64-encoded. */
export function buildInstanceMetadata(
  identity: ProvisioningIdentity,
  userData: string,
): {
  readonly compute: Readonly<Record<string, unknown>>;
  readonly network: Readonly<Record<string, unknown>>;
} {
  const { hostName, vmName } = identity;
  return {
    compute: {
      azEnvironment: 'AzurePublicCloud',
      customData: '',
      location: identity.location,
      name: vmName,
      offer: '',
      osProfile: {
        adminUsername: identity.userName,
        computerName: hostName,
        // A string: cloud-init compares it with "true".
        disablePasswordAuthentication: 'true',
      },
      osType: 'Linux',
      placementGroupId: '',
      plan: { name: '', product: '', publisher: '' },
      platformFaultDomain: '0',
      platformUpdateDomain: '0',
      provider: 'Microsoft.Compute',
      publicKeys: [
        { keyData: identity.sshPublicKey, path: `/home/${identity.userName}/.ssh/authorized_keys` },
      ],
      publisher: '',
      resourceGroupName: RESOURCE_GROUP,
      resourceId: `/subscriptions/${SUBSCRIPTION_ID}/resourceGroups/${RESOURCE_GROUP}/providers/Microsoft.Compute/virtualMachines/${vmName}`,
      securityProfile: { secureBootEnabled: 'false', virtualTpmEnabled: 'false' },
      sku: '',
      subscriptionId: SUBSCRIPTION_ID,
      tags: '',
      tagsList: [],
      userData: Buffer.from(userData).toString('base64'),
      version: '',
      vmId: identity.vmId,
      vmScaleSetName: '',
      vmSize: identity.vmSize,
      zone: '',
    },
    network: {
      interface: [
        {
          ipv4: {
            ipAddress: [{ privateIpAddress: identity.address, publicIpAddress: '' }],
            subnet: [{ address: identity.address.replace(/\d+$/, '0'), prefix: '24' }],
          },
          ipv6: { ipAddress: [] },
          macAddress: identity.macAddress.replaceAll(':', '').toUpperCase(),
        },
      ],
    },
  };
}

/**
 * Walks down the document like IMDS paths do, for example `['compute', 'osProfile', 'adminUsername']`.
 * Names compare without case; list members are numbers. Undefined when there is nothing.
 */
export function pickMetadata(document: unknown, path: readonly string[]): unknown {
  let current = document;
  for (const name of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    const entry: readonly [string, unknown] | undefined = Object.entries(current).find(
      ([key]) => key.toLowerCase() === name.toLowerCase(),
    );
    if (entry === undefined) return undefined;
    current = entry[1];
  }
  return current;
}
