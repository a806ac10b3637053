/** The quick start of Azure's own documentation, command for command, with the stock `az`. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Az } from './az.ts';
import { testCatalogue } from './commands/catalogue.ts';
import { testGenericTemplate } from './commands/generic-template.ts';
import { testImageBuilder } from './commands/image-builder.ts';
import { testNetwork } from './commands/network.ts';
import { definition, gallery, type QuickStart } from './commands/quick-start.ts';
import { testRunArtifacts } from './commands/run-artifacts.ts';
import { startServiceUnderTest, type ServiceUnderTest } from './service.ts';
import { location } from './templates.ts';

const group = 'ibLinuxGalleryRG';
const identity = ['-g', group, '-n', 'aibBuiUserId'];

describe('the quick start with az', { timeout: 15 * 60_000 }, () => {
  let service: ServiceUnderTest;
  let az: Az;
  let quickStart: QuickStart;

  before(async () => {
    service = await startServiceUnderTest();
    az = await Az.login(service);
    const scope = `/subscriptions/${service.subscriptionId}/resourceGroups/${group}`;
    quickStart = { az, group, scope, identityId: '' };
  });
  after(async () => {
    az[Symbol.dispose]();
    await service[Symbol.asyncDispose]();
  });

  test('the account is the service principal of the first start', async () => {
    const account = await az.value('[id, user.name]', 'account', 'show');
    assert.deepEqual(account.split(/\s+/), [service.subscriptionId, service.clientId]);
  });

  test('providers are registered', async () => {
    await az.run('provider', 'register', '-n', 'Microsoft.VirtualMachineImages');
    const namespaces = ['VirtualMachineImages', 'KeyVault', 'Compute', 'Storage', 'Network'];
    const known = await az.value('[].[namespace, registrationState]', 'provider', 'list');
    for (const namespace of namespaces) assert.match(known, new RegExp(`^Microsoft.${namespace}\\s`, 'm'));
    assert.match(known, /^Microsoft.VirtualMachineImages\s+Register(ed|ing)$/m);
  });

  test('a resource group, an identity and its role', async () => {
    const { scope } = quickStart;
    await az.run('group', 'create', '-n', group, '-l', location);
    await az.run('identity', 'create', ...identity);
    const ids = (await az.value('[clientId, id, principalId]', 'identity', 'show', ...identity)).split(/\s+/);
    const [clientId = '', identityId = '', principalId = ''] = ids;
    assert.match(clientId, /^[0-9a-f-]{36}$/);
    quickStart = { ...quickStart, identityId };
    const file = az.file('role.json', imageRole(scope));
    await az.run('role', 'definition', 'create', '--role-definition', `./${file}`);
    await az.run(
      ...['role', 'assignment', 'create', '--assignee', clientId],
      ...['--role', imageRole(scope).Name, '--scope', scope],
    );
    const assigned = await az.value(
      '[].[principalId, roleDefinitionName]',
      ...['role', 'assignment', 'list', '--assignee', clientId, '--scope', scope],
    );
    assert.equal(assigned, `${principalId}\t${imageRole(scope).Name}`);
  });

  test('a gallery and an image definition', async () => {
    await az.run('sig', 'create', '-g', group, '--gallery-name', gallery);
    const state = await az.value(
      'provisioningState',
      ...['sig', 'image-definition', 'create', '-g', group, '--gallery-name', gallery],
      ...['--gallery-image-definition', definition, '--publisher', 'myIbPublisher'],
      ...['--offer', 'myOffer', '--sku', '18.04-LTS', '--os-type', 'Linux'],
    );
    assert.equal(state, 'Succeeded');
  });

  // Each waits for runs and for az itself most of the time.
  describe('from there on', { concurrency: 3 }, () => {
    const current = (): QuickStart => quickStart;
    testRunArtifacts(current);
    testImageBuilder(current);
    testGenericTemplate(current);
    testNetwork(current);
    testCatalogue(current);
  });

  test('the group goes with what is in it, and staging groups go with their templates', async () => {
    await az.run('group', 'delete', '-n', group, '--yes');
    assert.equal(await az.value('@', 'group', 'exists', '-n', group), 'false');
    assert.equal(await az.value("[?starts_with(name, 'IT_')].name", 'group', 'list'), '');
  });
});

function imageRole(scope: string) {
  return {
    Name: 'Azure Image Builder Image Def',
    IsCustom: true,
    Description: 'Image Builder access to create resources for the image build',
    Actions: [
      'Microsoft.Compute/galleries/read',
      'Microsoft.Compute/galleries/images/read',
      'Microsoft.Compute/galleries/images/versions/read',
      'Microsoft.Compute/galleries/images/versions/write',
      'Microsoft.Compute/images/write',
      'Microsoft.Compute/images/read',
      'Microsoft.Compute/images/delete',
    ],
    NotActions: [],
    AssignableScopes: [scope],
  };
}
