/** `ovf-env.xml`, the document on the provisioning DVD of an Azure VM, as cloud-init and waagent read it. */
import type { ProvisioningIdentity } from './identity.ts';
import { escapeXml } from './xml.ts';

/** `customData` is what cloud-init takes as user data; it travels base64-encoded. */
export function buildOvfEnv(identity: ProvisioningIdentity, customData: string): string {
  const user = escapeXml(identity.userName);
  return `<?xml version="1.0" encoding="utf-8"?>
<Environment xmlns="http://schemas.dmtf.org/ovf/environment/1" xmlns:oe="http://schemas.dmtf.org/ovf/environment/1" xmlns:wa="http://schemas.microsoft.com/windowsazure" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <wa:ProvisioningSection>
    <wa:Version>1.0</wa:Version>
    <LinuxProvisioningConfigurationSet xmlns="http://schemas.microsoft.com/windowsazure">
      <ConfigurationSetType>LinuxProvisioningConfiguration</ConfigurationSetType>
      <HostName>${escapeXml(identity.hostName)}</HostName>
      <UserName>${user}</UserName>
      <DisableSshPasswordAuthentication>true</DisableSshPasswordAuthentication>
      <SSH>
        <PublicKeys>
          <PublicKey>
            <Fingerprint></Fingerprint>
            <Path>/home/${user}/.ssh/authorized_keys</Path>
            <Value>${escapeXml(identity.sshPublicKey)}</Value>
          </PublicKey>
        </PublicKeys>
      </SSH>${customData === '' ? '' : `\n      <CustomData>${Buffer.from(customData).toString('base64')}</CustomData>`}
    </LinuxProvisioningConfigurationSet>
  </wa:ProvisioningSection>
  <wa:PlatformSettingsSection>
    <wa:Version>1.0</wa:Version>
    <PlatformSettings xmlns="http://schemas.microsoft.com/windowsazure">
      <KmsServerHostname>kms.core.windows.net</KmsServerHostname>
      <ProvisionGuestAgent>true</ProvisionGuestAgent>
      <PreprovisionedVm>false</PreprovisionedVm>
    </PlatformSettings>
  </wa:PlatformSettingsSection>
</Environment>
`;
}
