/** One run through the stock `az` with a real build VM: submitted, run, followed and fetched. */
import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { testHomeRoot } from '../src/build/testing/test-host.ts';
import { Az } from './az.ts';
import { startServiceUnderTest } from './service.ts';
import { cookieOf } from './vhd-cookie.ts';

const group = 'real';
const location = 'westus2';

test(
  'az builds an image in a real VM and fetches its log and its VHD',
  { timeout: 40 * 60_000 },
  async () => {
    await using service = await startServiceUnderTest({
      simulate: false,
      env: { GOLDSMITH_HOME: testHomeRoot() },
    });
    using az = await Az.login(service);
    await az.run('group', 'create', '-n', group, '-l', location);
    writeFileSync(join(az.folder, 'template.json'), JSON.stringify(template()));
    await az.run(
      ...['resource', 'create', '-g', group, '--properties', '@template.json', '--is-full-object'],
      ...['--resource-type', 'Microsoft.VirtualMachineImages/imageTemplates', '-n', 'golden'],
    );
    await az.run('image', 'builder', 'run', '-g', group, '-n', 'golden', '--no-wait');
    const staging = await az.value(
      'exactStagingResourceGroup',
      'image',
      'builder',
      'show',
      '-g',
      group,
      '-n',
      'golden',
    );
    const stagingGroup = staging.split('/').at(-1) ?? '';
    await az.run(
      ...['image', 'builder', 'wait', '-g', group, '-n', 'golden', '--interval', '5', '--timeout', '1800'],
      ...['--custom', "lastRunStatus.runState != 'Running'"],
    );
    const status = z
      .object({ lastRunStatus: z.object({ runState: z.string(), message: z.string().nullish() }) })
      .parse(await az.run('image', 'builder', 'show', '-g', group, '-n', 'golden')).lastRunStatus;
    assert.equal(status.runState, 'Succeeded', status.message ?? '');

    const left = z
      .array(z.object({ type: z.string() }))
      .parse(await az.run('resource', 'list', '-g', stagingGroup));
    assert.deepEqual(
      left.map(({ type }) => type),
      ['Microsoft.Storage/storageAccounts'],
      'the machine is gone',
    );

    const account = await az.value('[0].name', 'storage', 'account', 'list', '-g', stagingGroup);
    const connection = await az.value(
      'connectionString',
      ...['storage', 'account', 'show-connection-string', '-g', stagingGroup, '-n', account],
    );
    const endpoint = await az.value(
      '[0].primaryEndpoints.blob',
      'storage',
      'account',
      'list',
      '-g',
      stagingGroup,
    );
    const direct = ['--connection-string', withEndpoint(connection, endpoint)];
    const logs = z
      .array(z.object({ name: z.string() }))
      .parse(await az.run('storage', 'blob', 'list', '--container-name', 'packerlogs', ...direct));
    assert.ok(logs.some(({ name }) => name.endsWith('/customization.log')));
    const uri = await az.value(
      '[0].artifactUri',
      'image',
      'builder',
      'show-runs',
      '-g',
      group,
      '-n',
      'golden',
    );
    const [, name = ''] = new URL(uri).pathname.split('/vhds/');
    const vhd = join(az.folder, 'golden.vhd');
    await az.run(
      ...[
        'storage',
        'blob',
        'download',
        '--container-name',
        'vhds',
        '--name',
        name,
        '--file',
        vhd,
        ...direct,
      ],
    );
    assert.equal(cookieOf(vhd), 'conectix');
    assert.equal((statSync(vhd).size - 512) % 2 ** 20, 0, 'whole MiB and a footer');
    await az.run('group', 'delete', '-n', group, '--yes');
  },
);

function template(): object {
  return {
    location,
    identity: { type: 'None' },
    properties: {
      source: {
        type: 'PlatformImage',
        publisher: 'Debian',
        offer: 'debian-12',
        sku: '12',
        version: 'latest',
      },
      vmProfile: { vmSize: 'Standard_D2s_v3' },
      customize: [{ type: 'Shell', name: 'mark', inline: ['echo made through az | sudo tee /etc/golden'] }],
      distribute: [{ type: 'VHD', runOutputName: 'golden' }],
    },
  };
}

/** The suffix of a cloud cannot name a port; the account's own endpoint does. */
function withEndpoint(connection: string, endpoint: string): string {
  const kept = connection
    .split(';')
    .filter((part) => /^(DefaultEndpointsProtocol|AccountName|AccountKey)=/.test(part));
  return [...kept, `BlobEndpoint=${endpoint}`].join(';');
}
