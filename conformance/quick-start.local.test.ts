/** The quick start of Azure's own documentation, command for command, with the stock `az`. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { Az } from './az.ts';
import { cookieOf } from './vhd-cookie.ts';
import { startServiceUnderTest, type ServiceUnderTest } from './service.ts';

const group = 'ibLinuxGalleryRG';
const location = 'westus2';
const namespaces = [
  'Microsoft.VirtualMachineImages',
  'Microsoft.KeyVault',
  'Microsoft.Compute',
  'Microsoft.Storage',
  'Microsoft.Network',
];
const templateType = 'Microsoft.VirtualMachineImages/imageTemplates';

const withState = z.object({ provisioningState: z.string() });

describe('the quick start with az', { timeout: 15 * 60_000 }, () => {
  let service: ServiceUnderTest;
  let az: Az;
  let identityId = '';
  let scope = '';
  const json = async <T>(schema: z.ZodType<T>, ...args: readonly string[]): Promise<T> =>
    schema.parse(await az.run(...args));

  before(async () => {
    service = await startServiceUnderTest();
    az = await Az.login(service);
    scope = `/subscriptions/${service.subscriptionId}/resourceGroups/${group}`;
  });
  after(async () => {
    az[Symbol.dispose]();
    await service[Symbol.asyncDispose]();
  });

  test('the account is the service principal of the first start', async () => {
    assert.equal(await az.value('id', 'account', 'show'), service.subscriptionId);
    assert.equal(await az.value('user.name', 'account', 'show'), service.clientId);
  });

  test('providers are registered', async () => {
    for (const namespace of namespaces) {
      await az.run('provider', 'register', '-n', namespace);
      const state = await az.value('registrationState', 'provider', 'show', '-n', namespace);
      assert.match(state, /^Register(ed|ing)$/, namespace);
    }
  });

  test('a resource group, an identity and its role', async () => {
    await az.run('group', 'create', '-n', group, '-l', location);
    await az.run('identity', 'create', '-g', group, '-n', 'aibBuiUserId');
    const clientId = await az.value('clientId', 'identity', 'show', '-g', group, '-n', 'aibBuiUserId');
    identityId = await az.value('id', 'identity', 'show', '-g', group, '-n', 'aibBuiUserId');
    assert.match(clientId, /^[0-9a-f-]{36}$/);
    const role = {
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
    writeFileSync(join(az.folder, 'role.json'), JSON.stringify(role));
    await az.run('role', 'definition', 'create', '--role-definition', './role.json');
    // `az role assignment` of Debian's az 2.45 ends with a Python error before it sends anything.
    const definition = await az.value(
      'value[0].id',
      ...[
        'rest',
        '--method',
        'get',
        '--url',
        roleUrl('roleDefinitions', `&$filter=roleName eq '${role.Name}'`),
      ],
    );
    const principalId = await az.value('principalId', 'identity', 'show', '-g', group, '-n', 'aibBuiUserId');
    const assignment = {
      properties: { roleDefinitionId: definition, principalId, principalType: 'ServicePrincipal' },
    };
    writeFileSync(join(az.folder, 'assignment.json'), JSON.stringify(assignment));
    await az.run(
      ...['rest', '--method', 'put', '--body', '@assignment.json'],
      ...['--url', roleUrl(`roleAssignments/${randomUUID()}`)],
    );
    const assigned = z
      .object({ value: z.array(z.object({ properties: z.object({ principalId: z.string() }) })) })
      .parse(await az.run('rest', '--method', 'get', '--url', roleUrl('roleAssignments')));
    assert.ok(assigned.value.some(({ properties }) => properties.principalId === principalId));
  });

  test('a gallery and an image definition', async () => {
    await az.run('sig', 'create', '-g', group, '--gallery-name', 'myIbGallery');
    const definition = await json(
      withState,
      ...['sig', 'image-definition', 'create', '-g', group, '--gallery-name', 'myIbGallery'],
      ...['--gallery-image-definition', 'myIbImageDef', '--publisher', 'myIbPublisher'],
      ...['--offer', 'myOffer', '--sku', '18.04-LTS', '--os-type', 'Linux'],
    );
    assert.equal(definition.provisioningState, 'Succeeded');
  });

  test('a template is submitted as a generic resource, run with invoke-action and followed', async () => {
    writeFileSync(join(az.folder, 'template.json'), JSON.stringify(template()));
    const submitted = z
      .object({ properties: withState })
      .parse(
        await az.run(
          ...['resource', 'create', '-g', group, '--properties', '@template.json', '--is-full-object'],
          ...['--resource-type', templateType, '-n', 'helloImageTemplateforSIG01'],
        ),
      );
    assert.equal(submitted.properties.provisioningState, 'Succeeded');
    await az.run(
      ...['resource', 'invoke-action', '-g', group, '--resource-type', templateType],
      ...['-n', 'helloImageTemplateforSIG01', '--action', 'Run'],
    );
    const shown = await az.value(
      'properties.lastRunStatus.runState',
      ...[
        'resource',
        'show',
        '-g',
        group,
        '--resource-type',
        templateType,
        '-n',
        'helloImageTemplateforSIG01',
      ],
    );
    assert.equal(shown, 'Succeeded');
    const versions = z
      .array(z.object({ name: z.string(), provisioningState: z.string() }))
      .parse(
        await az.run(
          ...['sig', 'image-version', 'list', '-g', group, '-r', 'myIbGallery', '-i', 'myIbImageDef'],
        ),
      );
    assert.equal(versions.length, 1);
    assert.equal(versions[0]?.provisioningState, 'Succeeded');
    await az.run(
      ...['sig', 'image-version', 'show', '-g', group, '-r', 'myIbGallery', '-i', 'myIbImageDef'],
      ...['-e', versions[0]?.name ?? ''],
    );
  });

  test('az image builder creates, runs, shows, cancels and deletes', async () => {
    await az.run(
      ...['image', 'builder', 'create', '-g', group, '-n', 'withCommands', '-l', location],
      ...['--image-source', 'Debian:debian-12:12:latest', '--identity', identityId],
      ...['--managed-image-destinations', `anImage=${location}`, '--defer'],
    );
    await az.run(
      ...['image', 'builder', 'customizer', 'add', '-g', group, '-n', 'withCommands', '--defer'],
      ...['--customizer-name', 'hello', '--type', 'shell', '--inline-script', 'echo hello'],
    );
    await az.run('image', 'builder', 'update', '-g', group, '-n', 'withCommands');
    await az.run('image', 'builder', 'wait', '-g', group, '-n', 'withCommands', '--created');
    await az.run('image', 'builder', 'run', '-g', group, '-n', 'withCommands');
    const outputs = z
      .array(z.object({ artifactId: z.string() }))
      .parse(await az.run('image', 'builder', 'show-runs', '-g', group, '-n', 'withCommands'));
    assert.match(outputs[0]?.artifactId ?? '', /\/images\/anImage$/i);
    await withOlderProfile(async () => {
      const osType = 'storageProfile.osDisk.osType';
      assert.equal(await az.value(osType, 'image', 'show', '-g', group, '-n', 'anImage'), 'Linux');
      assert.equal(z.array(z.unknown()).parse(await az.run('image', 'list', '-g', group)).length, 1);
    });
    await az.run('image', 'builder', 'delete', '-g', group, '-n', 'withCommands');
    assert.match(
      await az.failure('image', 'builder', 'show', '-g', group, '-n', 'withCommands'),
      /ResourceNotFound|was not found/,
    );
  });

  test('a run that takes long is cancelled', async () => {
    const body = template();
    const slow = [{ type: 'Shell', name: 'slow', inline: ['sleep 900'] }];
    writeFileSync(
      join(az.folder, 'slow.json'),
      JSON.stringify({ ...body, properties: { ...body.properties, customize: slow } }),
    );
    await az.run('image', 'builder', 'create', '-g', group, '-n', 'slow', '--image-template', 'slow.json');
    await az.run('image', 'builder', 'run', '-g', group, '-n', 'slow', '--no-wait');
    await az.run('image', 'builder', 'cancel', '-g', group, '-n', 'slow');
    const ended = ['--custom', "lastRunStatus.runState == 'Canceled'", '--interval', '1', '--timeout', '60'];
    await az.run('image', 'builder', 'wait', '-g', group, '-n', 'slow', ...ended);
    await az.run('image', 'builder', 'delete', '-g', group, '-n', 'slow');
  });

  test('a second PUT of a template is refused in Azure’s words', async () => {
    const said = await az.failure(
      ...['resource', 'create', '-g', group, '--properties', '@template.json', '--is-full-object'],
      ...['--resource-type', templateType, '-n', 'helloImageTemplateforSIG01'],
    );
    assert.match(said, /Update\/Upgrade of image templates is currently not supported/);
  });

  test('the catalogue of platform images is listed', async () => {
    await withOlderProfile(async () => {
      const images = z
        .array(z.object({ urn: z.string() }))
        .parse(
          await az.run(
            'vm',
            'image',
            'list',
            '--publisher',
            'Debian',
            '--sku',
            '12',
            '--all',
            '-l',
            location,
          ),
        );
      assert.ok(
        images.some(({ urn }) => urn.startsWith('Debian:debian-12:12:')),
        JSON.stringify(images),
      );
    });
  });

  test('the log and the VHD of a run are ordinary blobs', async () => {
    const body = template();
    writeFileSync(
      join(az.folder, 'vhd.json'),
      JSON.stringify({
        ...body,
        properties: { ...body.properties, distribute: [{ type: 'VHD', runOutputName: 'aVhd' }] },
      }),
    );
    await az.run('image', 'builder', 'create', '-g', group, '-n', 'toVhd', '--image-template', 'vhd.json');
    await az.run('image', 'builder', 'run', '-g', group, '-n', 'toVhd');
    const uri = await az.value(
      '[0].artifactUri',
      'image',
      'builder',
      'show-runs',
      '-g',
      group,
      '-n',
      'toVhd',
    );
    const blob = new URL(uri);
    const staging = await az.value(
      'exactStagingResourceGroup',
      'image',
      'builder',
      'show',
      '-g',
      group,
      '-n',
      'toVhd',
    );
    const stagingGroup = staging.split('/').at(-1) ?? '';
    assert.match(stagingGroup, /^IT_/);
    const [account, endpoint] = (
      await az.value('[0].[name, primaryEndpoints.blob]', 'storage', 'account', 'list', '-g', stagingGroup)
    ).split(/\s+/);
    assert.ok(account !== undefined && endpoint !== undefined);
    const connection = await az.value(
      'connectionString',
      ...['storage', 'account', 'show-connection-string', '-g', stagingGroup, '-n', account],
    );
    assert.match(connection, /AccountKey=/);
    const key = await az.value(
      '[0].value',
      'storage',
      'account',
      'keys',
      'list',
      '-g',
      stagingGroup,
      '-n',
      account,
    );
    const direct = [
      '--connection-string',
      `DefaultEndpointsProtocol=https;AccountName=${account};AccountKey=${key};BlobEndpoint=${endpoint}`,
    ];
    const logs = z
      .array(z.object({ name: z.string() }))
      .parse(await az.run('storage', 'blob', 'list', '--container-name', 'packerlogs', ...direct));
    const log = logs.find(({ name }) => name.endsWith('/customization.log'));
    assert.ok(log !== undefined, JSON.stringify(logs));
    await az.run(
      ...['storage', 'blob', 'download', '--container-name', 'packerlogs', '--name', log.name],
      ...['--file', 'customization.log', ...direct],
    );
    assert.match(readFileSync(join(az.folder, 'customization.log'), 'utf8'), /\(telemetry\) Finalizing/);
    const [, name = ''] = blob.pathname.split('/vhds/');
    await az.run(
      ...['storage', 'blob', 'download', '--container-name', 'vhds', '--name', name],
      ...['--file', 'image.vhd', ...direct],
    );
    const vhd = join(az.folder, 'image.vhd');
    assert.ok(existsSync(vhd));
    assert.equal(cookieOf(vhd), 'conectix');
  });

  test('everything can be deleted, and the group goes with what is in it', async () => {
    await az.run(
      ...[
        'resource',
        'delete',
        '-g',
        group,
        '--resource-type',
        templateType,
        '-n',
        'helloImageTemplateforSIG01',
      ],
    );
    await az.run('group', 'delete', '-n', group, '--yes');
    assert.equal(await az.value('@', 'group', 'exists', '-n', group), 'false');
    const left = z.array(z.object({ name: z.string() })).parse(await az.run('group', 'list'));
    assert.deepEqual(
      left.filter(({ name }) => name.startsWith('IT_')),
      [],
      'staging groups go with their templates',
    );
  });

  /** Debian's az 2.45 comes without the library that `az image` and `az vm image` use in its own profile. */
  async function withOlderProfile(work: () => Promise<void>): Promise<void> {
    const cloud = await az.value('name', 'cloud', 'show');
    await az.run('cloud', 'update', '--name', cloud, '--profile', '2020-09-01-hybrid');
    try {
      await work();
    } finally {
      await az.run('cloud', 'update', '--name', cloud, '--profile', 'latest');
    }
  }

  function roleUrl(path: string, query = ''): string {
    return `${service.endpoint}${scope}/providers/Microsoft.Authorization/${path}?api-version=2022-04-01${query}`;
  }

  function template() {
    return {
      type: templateType,
      apiVersion: '2022-02-14',
      location,
      dependsOn: [],
      tags: { imagebuilderTemplate: 'AzureImageBuilderSIG', userIdentity: 'enabled' },
      identity: { type: 'UserAssigned', userAssignedIdentities: { [identityId]: {} } },
      properties: {
        buildTimeoutInMinutes: 100,
        vmProfile: { vmSize: 'Standard_D2_v2', osDiskSizeGB: 5 },
        source: {
          ...{ type: 'PlatformImage', publisher: 'Debian', offer: 'debian-12' },
          ...{ sku: '12', version: 'latest' },
        },
        customize: [
          {
            type: 'Shell',
            name: 'setupBuildPath',
            inline: ['sudo mkdir /buildArtifacts', 'sudo cp /etc/os-release /buildArtifacts/'],
          },
        ],
        distribute: [
          {
            type: 'SharedImage',
            galleryImageId: `${scope}/providers/Microsoft.Compute/galleries/myIbGallery/images/myIbImageDef`,
            runOutputName: 'aibLinuxSIG',
            artifactTags: { source: 'azureVmImageBuilder', baseosimg: 'debian12' },
            replicationRegions: ['westus2', 'eastus'],
          },
        ] as object[],
      },
    };
  }
});
