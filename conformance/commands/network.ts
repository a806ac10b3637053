/** `az network`: the network that the documentation prepares for builds in a network of one's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QuickStart } from './quick-start.ts';

export function testNetwork(quickStart: () => QuickStart): void {
  test('a network with a subnet and a security group is made for builds', async () => {
    const { group, scope } = quickStart();
    using az = quickStart().az.lane();
    await az.run('network', 'nsg', 'create', '-g', group, '-n', 'aibNsg');
    await az.run(
      ...['network', 'nsg', 'rule', 'create', '-g', group, '--nsg-name', 'aibNsg'],
      ...['-n', 'AzureImageBuilderNsgRule', '--priority', '400', '--direction', 'inbound'],
      ...['--source-address-prefixes', 'AzureLoadBalancer', '--protocol', 'Tcp', '--access', 'Allow'],
      ...['--destination-address-prefixes', 'VirtualNetwork', '--destination-port-ranges', '60000-60001'],
    );
    const subnet = ['--vnet-name', 'myexistingvnet', '-g', group];
    await az.run(
      ...[
        'network',
        'vnet',
        'create',
        '-g',
        group,
        '-n',
        'myexistingvnet',
        '--address-prefix',
        '10.0.0.0/16',
      ],
      ...['--subnet-name', 'subnet01', '--subnet-prefix', '10.0.0.0/24'],
    );
    const updated = await az.value(
      '[privateLinkServiceNetworkPolicies, networkSecurityGroup.id]',
      ...['network', 'vnet', 'subnet', 'update', ...subnet, '-n', 'subnet01'],
      ...['--network-security-group', 'aibNsg', '--disable-private-link-service-network-policies', 'true'],
    );
    const groupId = `${scope}/providers/Microsoft.Network/networkSecurityGroups/aibNsg`;
    assert.deepEqual(updated.split(/\s+/), ['Disabled', groupId]);
    const prefixes = await az.value('[].addressPrefix', 'network', 'vnet', 'subnet', 'list', ...subnet);
    assert.equal(prefixes, '10.0.0.0/24');
  });
}
