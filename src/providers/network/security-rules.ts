/** Rules of network security groups: their shape, the rules between them, and the six that every group has. */
import { z } from 'zod';
import { ArmError } from '../../arm/arm-error.ts';
import { freeText, list, optional } from '../../arm/wire/scalars.ts';
import type { JsonObject } from '../../model/json.ts';
import type { ResourceRecord } from '../../store/records.ts';
import { asJson, propertiesOf, reference, serviceFields } from './network-wire.ts';

const word = z.string().max(256);
const groups = optional(list(reference, 100));

export const ruleProperties = z.object({
  ...serviceFields,
  description: optional(freeText(140)),
  protocol: z.string().regex(/^(?:Tcp|Udp|Icmp|Esp|Ah|\*)$/i),
  access: z.enum(['Allow', 'Deny']),
  direction: z.enum(['Inbound', 'Outbound']),
  priority: z.number().int().min(100).max(4096),
  sourceAddressPrefix: optional(word),
  sourceAddressPrefixes: optional(list(word, 4000)),
  destinationAddressPrefix: optional(word),
  destinationAddressPrefixes: optional(list(word, 4000)),
  sourcePortRange: optional(word),
  sourcePortRanges: optional(list(word, 4000)),
  destinationPortRange: optional(word),
  destinationPortRanges: optional(list(word, 4000)),
  sourceApplicationSecurityGroups: groups,
  destinationApplicationSecurityGroups: groups,
});

export type RuleProperties = z.output<typeof ruleProperties>;

const protocols = ['Tcp', 'Udp', 'Icmp', 'Esp', 'Ah', '*'];

/** What is stored. @throws ArmError 400 `SecurityRuleParameterMissing`, `SecurityRuleInvalidPortRange`. */
export function ruleContent(name: string, properties: RuleProperties): JsonObject {
  const { provisioningState: _, resourceGuid: __, ...kept } = properties;
  for (const side of ['source', 'destination'] as const) {
    requireOne(name, `${side}PortRange`, properties[`${side}PortRange`], properties[`${side}PortRanges`]);
    const asgs = properties[`${side}ApplicationSecurityGroups`];
    const prefixes = [...(properties[`${side}AddressPrefixes`] ?? []), ...(asgs ?? []).map(({ id }) => id)];
    requireOne(name, `${side}AddressPrefix`, properties[`${side}AddressPrefix`], prefixes);
    const ranges = [properties[`${side}PortRange`], ...(properties[`${side}PortRanges`] ?? [])];
    for (const range of ranges) if (range !== undefined && range !== '') requirePorts(name, range);
  }
  const protocol = protocols.find((known) => known.toLowerCase() === properties.protocol.toLowerCase());
  return asJson({
    ...kept,
    protocol,
    sourcePortRanges: properties.sourcePortRanges ?? [],
    destinationPortRanges: properties.destinationPortRanges ?? [],
    sourceAddressPrefixes: properties.sourceAddressPrefixes ?? [],
    destinationAddressPrefixes: properties.destinationAddressPrefixes ?? [],
  });
}

/** @throws ArmError 400 `SecurityRuleConflict` for two rules of one direction with one priority. */
export function checkRules(rules: readonly ResourceRecord[]): void {
  const seen = new Map<string, string>();
  for (const rule of rules) {
    const { direction, priority } = propertiesOf(rule);
    const key = `${JSON.stringify(direction)} ${JSON.stringify(priority)}`;
    const other = seen.get(key);
    if (other !== undefined) {
      throw new ArmError(
        400,
        'SecurityRuleConflict',
        `Security rule ${rule.name} conflicts with rule ${other}. Rules cannot have the same Priority and Direction. See aka.ms/nsgrules for more information.`,
      );
    }
    seen.set(key, rule.name);
  }
}

/** `defaultSecurityRules` of a group; they cannot be changed. */
export function defaultRules(group: ResourceRecord): readonly object[] {
  const any = { sourcePortRange: '*', destinationPortRange: '*', protocol: '*' };
  const rule = (
    name: string,
    description: string,
    [direction, access, priority]: readonly [string, string, number],
    [sourceAddressPrefix, destinationAddressPrefix]: readonly [string, string],
  ): object => ({
    name,
    id: `${group.id}/defaultSecurityRules/${name}`,
    type: `${group.type}/defaultSecurityRules`,
    properties: {
      ...any,
      ...{ provisioningState: 'Succeeded', description, direction, access, priority },
      ...{ sourceAddressPrefix, destinationAddressPrefix },
      ...{ sourcePortRanges: [], destinationPortRanges: [] },
      ...{ sourceAddressPrefixes: [], destinationAddressPrefixes: [] },
    },
  });
  const network = 'VirtualNetwork';
  return [
    rule(
      'AllowVnetInBound',
      'Allow inbound traffic from all VMs in VNET',
      ['Inbound', 'Allow', 65_000],
      [network, network],
    ),
    rule(
      'AllowAzureLoadBalancerInBound',
      'Allow inbound traffic from azure load balancer',
      ['Inbound', 'Allow', 65_001],
      ['AzureLoadBalancer', '*'],
    ),
    rule('DenyAllInBound', 'Deny all inbound traffic', ['Inbound', 'Deny', 65_500], ['*', '*']),
    rule(
      'AllowVnetOutBound',
      'Allow outbound traffic from all VMs to all VMs in VNET',
      ['Outbound', 'Allow', 65_000],
      [network, network],
    ),
    rule(
      'AllowInternetOutBound',
      'Allow outbound traffic from all VMs to Internet',
      ['Outbound', 'Allow', 65_001],
      ['*', 'Internet'],
    ),
    rule('DenyAllOutBound', 'Deny all outbound traffic', ['Outbound', 'Deny', 65_500], ['*', '*']),
  ];
}

function requireOne(
  rule: string,
  field: string,
  one: string | undefined,
  many: readonly string[] | undefined,
): void {
  if ((one ?? '') !== '' || (many ?? []).length > 0) return;
  throw new ArmError(
    400,
    'SecurityRuleParameterMissing',
    `Security rule parameter ${field} is missing or empty for rule ${rule}.`,
  );
}

function requirePorts(rule: string, range: string): void {
  if (range === '*') return;
  const [, from = '', to] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range) ?? [];
  const [low, high] = [Number(from), Number(to ?? from)];
  if (from !== '' && low <= high && high <= 65_535) return;
  throw new ArmError(
    400,
    'SecurityRuleInvalidPortRange',
    `Security rule has invalid Port range. Value provided: ${range.slice(0, 40)}. Value should be an integer OR integer range with '-' delimiter. Valid range 0-65535. Rule: ${rule}.`,
  );
}
