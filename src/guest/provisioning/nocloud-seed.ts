/** The seed of cloud-init's NoCloud datasource, for images that know nothing of Azure. YAML by way of JSON, which is YAML. */
import { FIRST_BOOT_MARK } from './first-boot-settings.ts';
import type { ProvisioningIdentity } from './identity.ts';

/** Files of the `cidata` disc. `settings` is merged into the user data. */
export function buildNoCloudSeed(
  identity: ProvisioningIdentity,
  settings: Readonly<Record<string, unknown>>,
): Readonly<Record<'meta-data' | 'user-data' | 'network-config', string>> {
  return {
    'meta-data': json({ 'instance-id': identity.vmId, 'local-hostname': identity.hostName }),
    'user-data': `#cloud-config\n# ${FIRST_BOOT_MARK}\n${json({
      ...settings,
      users: [
        {
          name: identity.userName,
          sudo: 'ALL=(ALL) NOPASSWD:ALL',
          shell: '/bin/bash',
          lock_passwd: true,
          ssh_authorized_keys: [identity.sshPublicKey],
        },
      ],
    })}`,
    'network-config': json({
      version: 2,
      ethernets: { primary: { match: { macaddress: identity.macAddress }, dhcp4: true, dhcp6: false } },
    }),
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
