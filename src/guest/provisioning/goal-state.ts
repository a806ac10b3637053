/** WireServer documents: what the fabric tells the agents of one VM. Forms as cloud-init and waagent accept them. */
import type { ProvisioningIdentity } from './identity.ts';
import { escapeXml } from './xml.ts';

const HEADER = '<?xml version="1.0" encoding="utf-8"?>\n';
const SCHEMA =
  'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"';

export type GoalStateConfig = 'hostingEnvironmentConfig' | 'sharedConfig' | 'extensionsConfig' | 'fullConfig';

export function containerId(identity: ProvisioningIdentity): string {
  return identity.vmId;
}

export function roleInstanceId(identity: ProvisioningIdentity): string {
  return `${identity.vmId}._${identity.hostName}`;
}

/** Without `<Certificates>`: the agents then ask for none. */
export function buildGoalState(identity: ProvisioningIdentity): string {
  const container = escapeXml(containerId(identity));
  const role = escapeXml(roleInstanceId(identity));
  const config = (type: GoalStateConfig): string =>
    escapeXml(
      `http://168.63.129.16:80/machine/${encodeURIComponent(containerId(identity))}/` +
        `${encodeURIComponent(roleInstanceId(identity))}?comp=config&type=${type}&incarnation=1`,
    );
  return `${HEADER}<GoalState ${SCHEMA}><Version>2012-11-30</Version><Incarnation>1</Incarnation>
<Machine><ExpectedState>Started</ExpectedState><StopRolesDeadlineHint>300000</StopRolesDeadlineHint><LBProbePorts><Port>16001</Port></LBProbePorts><ExpectHealthReport>FALSE</ExpectHealthReport></Machine>
<Container><ContainerId>${container}</ContainerId><RoleInstanceList><RoleInstance><InstanceId>${role}</InstanceId><State>Started</State><Configuration>
<HostingEnvironmentConfig>${config('hostingEnvironmentConfig')}</HostingEnvironmentConfig>
<SharedConfig>${config('sharedConfig')}</SharedConfig>
<ExtensionsConfig>${config('extensionsConfig')}</ExtensionsConfig>
<FullConfig>${config('fullConfig')}</FullConfig>
<ConfigName>${container}.0.${container}.0._${escapeXml(identity.hostName)}.1.xml</ConfigName>
</Configuration></RoleInstance></RoleInstanceList></Container></GoalState>`;
}

export const VERSIONS = `${HEADER}<Versions><Preferred><Version>2015-04-05</Version></Preferred><Supported><Version>2015-04-05</Version><Version>2012-11-30</Version><Version>2012-09-15</Version></Supported></Versions>`;

/** One of the configurations that the goal state points at; undefined for types the platform does not have. */
export function buildConfig(identity: ProvisioningIdentity, type: string): string | undefined {
  const container = escapeXml(containerId(identity));
  const role = escapeXml(roleInstanceId(identity));
  const name = escapeXml(identity.hostName);
  switch (type) {
    case 'hostingEnvironmentConfig':
      return `${HEADER}<HostingEnvironmentConfig version="1.0.0.0" goalStateIncarnation="1"><StoredCertificates/><Deployment name="${container}" guid="{${container}}" incarnation="0" isNonCancellableTopologyChangeEnabled="false"><Service name="${name}" guid="{00000000-0000-0000-0000-000000000000}"/><ServiceInstance name="${container}.0" guid="{${container}}"/></Deployment><Incarnation number="1" instance="${role}" guid="{${container}}"/><Role guid="{${container}}" name="${name}" settleTimeSeconds="0"/><HostingEnvironmentSettings name="full" Runtime="rd_fabric_stable"><CAS mode="full"/><PrivilegeLevel mode="max"/><AdditionalProperties/></HostingEnvironmentSettings><ApplicationSettings/><ResourceReferences/></HostingEnvironmentConfig>`;
    case 'sharedConfig':
      return `${HEADER}<SharedConfig version="1.0.0.0" goalStateIncarnation="1"><Deployment name="${container}" guid="{${container}}" incarnation="0"/><Incarnation number="1" instance="${role}" guid="{${container}}"/><Role guid="{${container}}" name="${name}" settleTimeSeconds="0"/><Instances/></SharedConfig>`;
    case 'extensionsConfig':
      return `${HEADER}<Extensions version="1.0.0.0" goalStateIncarnation="1"><GuestAgentExtension ${SCHEMA}><GAFamilies/><Location/></GuestAgentExtension><Plugins/><PluginSettings/></Extensions>`;
    default:
      return undefined;
  }
}
