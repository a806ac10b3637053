/** `Microsoft.Network`: networks as resources, with the rules between them. What they do to build VMs comes with those. */
import type { AccessCheck } from '../../identity/access/access-check.ts';
import type { Store } from '../../store/store.ts';
import { describeOperations } from '../resources/describe-operations.ts';
import type { ResourceProvider } from '../resource-provider.ts';
import { networkInterfaces } from './network-interfaces.ts';
import { publicAddresses } from './public-addresses.ts';
import { securityGroups, securityRules } from './security-groups.ts';
import { subnets, virtualNetworks } from './virtual-networks.ts';

export interface NetworkDeps {
  readonly store: Store;
  readonly access: Pick<AccessCheck, 'allowed'>;
  readonly now: () => Date;
  /** A new GUID. */
  readonly newId: () => string;
}

/** All stable versions since 2017, newest first: each tool pins another one. */
const apiVersions = [
  ...['2025-05-01', '2025-03-01', '2025-01-01'],
  ...['2024-10-01', '2024-07-01', '2024-05-01', '2024-03-01', '2024-01-01'],
  ...['2023-11-01', '2023-09-01', '2023-06-01', '2023-05-01', '2023-04-01', '2023-02-01'],
  ...['2022-11-01', '2022-09-01', '2022-07-01', '2022-05-01', '2022-01-01'],
  ...[
    '2021-12-01',
    '2021-08-01',
    '2021-06-01',
    '2021-05-01',
    '2021-04-01',
    '2021-03-01',
    '2021-02-01',
    '2021-01-01',
  ],
  ...[
    '2020-11-01',
    '2020-08-01',
    '2020-07-01',
    '2020-06-01',
    '2020-05-01',
    '2020-04-01',
    '2020-03-01',
    '2020-01-01',
  ],
  ...[
    '2019-12-01',
    '2019-11-01',
    '2019-09-01',
    '2019-08-01',
    '2019-07-01',
    '2019-06-01',
    '2019-04-01',
    '2019-02-01',
  ],
  ...[
    '2018-12-01',
    '2018-11-01',
    '2018-10-01',
    '2018-08-01',
    '2018-07-01',
    '2018-06-01',
    '2018-05-01',
    '2018-04-01',
  ],
  ...[
    '2018-03-01',
    '2018-02-01',
    '2018-01-01',
    '2017-11-01',
    '2017-10-01',
    '2017-09-01',
    '2017-08-01',
    '2017-06-01',
  ],
];

export function createNetworkProvider(deps: NetworkDeps): ResourceProvider {
  const rights = ['read', 'write', 'delete', 'join/action'] as const;
  return {
    namespace: 'Microsoft.Network',
    registeredByDefault: true,
    types: [
      virtualNetworks(deps, apiVersions),
      subnets(deps, apiVersions),
      securityGroups(deps, apiVersions),
      securityRules(deps, apiVersions),
      publicAddresses(deps, apiVersions),
      networkInterfaces(deps, apiVersions),
    ],
    operations: describeOperations('Microsoft Network', {
      'Microsoft.Network/virtualNetworks': ['virtual network', ...rights],
      'Microsoft.Network/virtualNetworks/subnets': ['subnet', ...rights],
      'Microsoft.Network/networkSecurityGroups': ['network security group', ...rights],
      'Microsoft.Network/networkSecurityGroups/securityRules': ['security rule', 'read', 'write', 'delete'],
      'Microsoft.Network/publicIPAddresses': ['public IP address', ...rights],
      'Microsoft.Network/networkInterfaces': ['network interface', ...rights],
    }),
  };
}
