/** Every rule of the wire, with what passes and what does not, in every api-version that has the rule. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { apiVersions, type ApiVersion } from '../api-versions/supported.ts';
import { parseTemplateBody } from './parse-document.ts';

const group = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg';
const compute = `${group}/providers/Microsoft.Compute`;
const definition = `${compute}/galleries/g/images/d`;
const vnet = `${group}/providers/Microsoft.Network/virtualNetworks/v`;
const identity = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u`;
const sha256 = 'ab'.repeat(32);
const many = (count: number, of: (index: number) => unknown) =>
  Array.from({ length: count }, (_, index) => of(index));

type Json = Readonly<Record<string, unknown>>;

/** A legal body in which `changes` replace fields of `properties`, and `envelope` fields beside it. */
function bodyWith(changes: Json, envelope: Json = {}): Json {
  return {
    location: 'westus2',
    identity: { type: 'None' },
    ...envelope,
    properties: {
      source: {
        type: 'PlatformImage',
        publisher: 'Debian',
        offer: 'debian-12',
        sku: '12-gen2',
        version: 'latest',
      },
      distribute: [{ type: 'VHD', runOutputName: 'vhd' }],
      ...changes,
    },
  };
}
const shell = (fields: Json) => bodyWith({ customize: [{ type: 'Shell', ...fields }] });
const powerShell = (fields: Json) =>
  bodyWith({ customize: [{ type: 'PowerShell', inline: ['x'], ...fields }] });
const fileCopy = (fields: Json) =>
  bodyWith({ customize: [{ type: 'File', sourceUri: 'a', destination: '/tmp/a', ...fields }] });
const restart = (fields: Json) => bodyWith({ customize: [{ type: 'WindowsRestart', ...fields }] });
const update = (fields: Json) => bodyWith({ customize: [{ type: 'WindowsUpdate', ...fields }] });
const gallery = (fields: Json) =>
  bodyWith({
    distribute: [{ type: 'SharedImage', runOutputName: 'g', galleryImageId: definition, ...fields }],
  });
const managed = (fields: Json) =>
  bodyWith({
    distribute: [
      {
        type: 'ManagedImage',
        runOutputName: 'm',
        imageId: `${compute}/images/i`,
        location: 'westus2',
        ...fields,
      },
    ],
  });
const vhd = (fields: Json) => bodyWith({ distribute: [{ type: 'VHD', runOutputName: 'v', ...fields }] });
const source = (fields: Json) => bodyWith({ source: fields });
const platform = (fields: Json) =>
  source({ type: 'PlatformImage', publisher: 'p', offer: 'o', sku: 's', version: 'latest', ...fields });
const network = (fields: Json) => bodyWith({ vmProfile: { vnetConfig: fields } });
const validate = (fields: Json) => bodyWith({ validate: fields });

interface Refused {
  readonly body: Json;
  readonly path: string;
  readonly code?: string;
  readonly says?: RegExp;
  readonly suggestion?: string;
}
interface Rule {
  readonly rule: string;
  readonly since?: ApiVersion;
  readonly until?: ApiVersion;
  readonly passes: readonly Json[];
  readonly refused: readonly Refused[];
}

const step = '$.properties.customize[0]';
const target = '$.properties.distribute[0]';
const p = '$.properties';

const rules: readonly Rule[] = [
  {
    rule: 'run output names have 1 to 64 letters, digits and - _ .',
    passes: ['a', 'A-Z_0.9', 'x'.repeat(64)].map((runOutputName) => vhd({ runOutputName })),
    refused: ['', 'a b', 'a/b', '../x', 'ü', 'a\n', 'x'.repeat(65), 7].map((runOutputName) => ({
      body: vhd({ runOutputName }),
      path: `${target}.runOutputName`,
      code: 'BadValue',
      says: /Field 'runOutputName' has a bad value/,
    })),
  },
  {
    rule: 'required fields are there',
    passes: [bodyWith({})],
    refused: [
      { body: { identity: { type: 'None' }, properties: bodyWith({})['properties'] }, path: '$.location' },
      { body: { location: 'a', properties: bodyWith({})['properties'] }, path: '$.identity' },
      { body: { location: 'a', identity: { type: 'None' } }, path: '$.properties' },
      { body: bodyWith({ source: null }), path: `${p}.source` },
      { body: bodyWith({ distribute: null }), path: `${p}.distribute` },
      { body: bodyWith({}, { identity: {} }), path: '$.identity.type' },
      {
        body: source({}),
        path: `${p}.source.type`,
        says: /'PlatformImage', 'ManagedImage', 'SharedImageVersion'/,
      },
      { body: source({ type: 'ManagedImage' }), path: `${p}.source.imageId` },
      { body: source({ type: 'SharedImageVersion' }), path: `${p}.source.imageVersionId` },
      {
        body: source({ type: 'PlatformImage', offer: 'o', sku: 's', version: 'v' }),
        path: `${p}.source.publisher`,
      },
      { body: shell({}), path: step, says: /Missing field 'inline' or 'scriptUri'/ },
      { body: bodyWith({ customize: [{ type: 'File', destination: '/a' }] }), path: `${step}.sourceUri` },
      { body: bodyWith({ customize: [{ type: 'File', sourceUri: 'a' }] }), path: `${step}.destination` },
      { body: bodyWith({ distribute: [{ type: 'VHD' }] }), path: `${target}.runOutputName` },
      { body: managed({ location: null }), path: `${target}.location` },
      { body: managed({ imageId: null }), path: `${target}.imageId` },
      { body: gallery({ galleryImageId: null }), path: `${target}.galleryImageId` },
    ].map((refused) => ({ code: 'MissingField', says: /^Missing field '/, ...refused })),
  },
  {
    rule: 'kinds are spelt exactly',
    passes: [bodyWith({})],
    refused: [
      {
        body: bodyWith({ customize: [{ type: 'shell', inline: ['x'] }] }),
        path: `${step}.type`,
        suggestion: 'Shell',
      },
      {
        body: bodyWith({ customize: [{ type: 'Powershell' }] }),
        path: `${step}.type`,
        suggestion: 'PowerShell',
      },
      {
        body: bodyWith({ customize: [{ type: 'Ansible' }] }),
        path: `${step}.type`,
        says: /'Shell', 'PowerShell', 'WindowsRestart', 'WindowsUpdate', 'File'/,
      },
      {
        body: bodyWith({ distribute: [{ type: 'managedImage' }] }),
        path: `${target}.type`,
        suggestion: 'ManagedImage',
      },
      {
        body: bodyWith({ distribute: [{ type: 'sharedImage' }] }),
        path: `${target}.type`,
        suggestion: 'SharedImage',
      },
      { body: bodyWith({ distribute: [{ type: 'Vhd' }] }), path: `${target}.type`, suggestion: 'VHD' },
      { body: source({ type: 'platformImage' }), path: `${p}.source.type`, suggestion: 'PlatformImage' },
      {
        body: source({ type: 'ISO' }),
        path: `${p}.source.type`,
        says: /Field 'type' has a bad value: 'ISO'/,
      },
      { body: bodyWith({}, { identity: { type: 'none' } }), path: '$.identity.type', suggestion: 'None' },
      {
        body: bodyWith({}, { identity: { type: 'SystemAssigned' } }),
        path: '$.identity.type',
        says: /'UserAssigned', 'None'/,
      },
    ],
  },
  {
    rule: 'a script comes from exactly one of scriptUri and inline, and is not empty',
    passes: [shell({ inline: ['x'] }), shell({ scriptUri: 'https://example.com/x.sh' }), powerShell({})],
    refused: [
      {
        body: shell({ scriptUri: 'x.sh', inline: ['x'] }),
        path: `${step}.inline`,
        code: 'FieldConflict',
        says: /'scriptUri' and 'inline' cannot be used together/,
      },
      { body: shell({ inline: [] }), path: `${step}.inline` },
      { body: shell({ scriptUri: '' }), path: `${step}.scriptUri` },
      { body: powerShell({ scriptUri: 'x.ps1' }), path: `${step}.inline`, code: 'FieldConflict' },
      { body: shell({ inline: 'x' }), path: `${step}.inline` },
      { body: shell({ inline: ['a', 7] }), path: `${step}.inline[1]` },
      { body: shell({ inline: ['a\u0000b'] }), path: `${step}.inline[0]` },
      { body: shell({ inline: ['x'.repeat(300_000)] }), path: `${step}.inline[0]`, code: 'TooLong' },
      { body: shell({ inline: many(10_001, () => 'x') }), path: `${step}.inline`, code: 'TooLong' },
    ],
  },
  {
    rule: 'sha256Checksum is 64 lower-case hex digits beside a file',
    passes: [
      shell({ scriptUri: 'x.sh', sha256Checksum: sha256 }),
      shell({ scriptUri: 'x.sh', sha256Checksum: '' }),
      shell({ inline: ['x'], sha256Checksum: '' }),
      fileCopy({ sha256Checksum: sha256 }),
    ],
    refused: [
      {
        body: shell({ scriptUri: 'x.sh', sha256Checksum: sha256.toUpperCase() }),
        path: `${step}.sha256Checksum`,
        suggestion: sha256,
        says: /lower case/,
      },
      { body: shell({ scriptUri: 'x.sh', sha256Checksum: 'ab' }), path: `${step}.sha256Checksum` },
      { body: fileCopy({ sha256Checksum: `${sha256}0` }), path: `${step}.sha256Checksum` },
      { body: fileCopy({ sha256Checksum: 'g'.repeat(64) }), path: `${step}.sha256Checksum` },
      {
        body: shell({ inline: ['x'], sha256Checksum: sha256 }),
        path: `${step}.sha256Checksum`,
        code: 'FieldConflict',
        says: /only be used with 'scriptUri'/,
      },
    ],
  },
  {
    rule: 'runAsSystem needs runElevated',
    passes: [
      powerShell({ runElevated: true, runAsSystem: true }),
      powerShell({ runAsSystem: false }),
      powerShell({ runElevated: true }),
    ],
    refused: [
      {
        body: powerShell({ runAsSystem: true }),
        path: `${step}.runAsSystem`,
        code: 'FieldConflict',
        says: /'runElevated'/,
      },
      {
        body: powerShell({ runAsSystem: true, runElevated: false }),
        path: `${step}.runAsSystem`,
        code: 'FieldConflict',
      },
      { body: powerShell({ runElevated: 'true' }), path: `${step}.runElevated` },
    ],
  },
  {
    rule: 'validExitCodes are int32',
    passes: [
      powerShell({ validExitCodes: [0, 3010, -1, 2_147_483_647, -2_147_483_648] }),
      powerShell({ validExitCodes: [] }),
    ],
    refused: [2_147_483_648, -2_147_483_649, 1.5, '0'].map((code) => ({
      body: powerShell({ validExitCodes: [0, code] }),
      path: `${step}.validExitCodes[1]`,
    })),
  },
  {
    rule: 'locations of scripts are http(s) URLs, file: URLs or paths, without credentials',
    passes: [
      'https://example.com/a.sh?sv=1&sig=x',
      'http://example.com/a',
      'scripts/a.sh',
      '/srv/a.sh',
      './a.sh',
      'file:///srv/a.sh',
      'HTTPS://EXAMPLE.COM/a',
    ].flatMap((uri) => [shell({ scriptUri: uri }), fileCopy({ sourceUri: uri })]),
    refused: [
      'ftp://example.com/a',
      'javascript:alert(1)',
      'data:text/plain,x',
      'https://',
      'https:///a',
      'https://u:secret@example.com/a',
      'https://u@example.com/a',
      'file://host/a',
      'a\nb',
      ' ',
      'x'.repeat(5000),
    ].flatMap((uri) => [
      { body: shell({ scriptUri: uri }), path: `${step}.scriptUri` },
      { body: fileCopy({ sourceUri: uri }), path: `${step}.sourceUri` },
    ]),
  },
  {
    rule: 'a File destination is an absolute path of a file',
    passes: ['/tmp/a', '/opt/my app/x.conf', 'C:\\buildArtifacts\\index.html', 'd:/x'].map((destination) =>
      fileCopy({ destination }),
    ),
    refused: [
      '',
      'a',
      'tmp/a',
      '/',
      '/tmp/',
      '/tmp/..',
      '/tmp/.',
      'C:\\',
      'C:x',
      'C:\\x\\',
      '\\\\server\\x',
      '~/a',
      '/tmp/a\n',
      '/tmp/\u0000',
      7,
    ].map((destination) => ({
      body: fileCopy({ destination }),
      path: `${step}.destination`,
    })),
  },
  {
    rule: 'restartTimeout is a magnitude and a unit',
    passes: ['5m', '2h', '30s', '1h30m', '500ms', ''].map((restartTimeout) => restart({ restartTimeout })),
    refused: ['5', 'm', '5 m', '5M', '-5m', '0s', '5d', '1.5h', '9999999m', 300].map((restartTimeout) => ({
      body: restart({ restartTimeout }),
      path: `${step}.restartTimeout`,
    })),
  },
  {
    rule: 'Windows Update filters include or exclude, and the limit is not negative',
    passes: [
      update({}),
      update({ filters: ["exclude:$_.Title -like '*Preview*'", 'include:$true'], updateLimit: 0 }),
      update({ updateLimit: 20 }),
    ],
    refused: [
      { body: update({ filters: ['$true'] }), path: `${step}.filters[0]`, says: /include:/ },
      { body: update({ filters: ['include:$true', 'exclude:'] }), path: `${step}.filters[1]` },
      { body: update({ filters: ['Include:$true'] }), path: `${step}.filters[0]` },
      { body: update({ updateLimit: -1 }), path: `${step}.updateLimit` },
      { body: update({ updateLimit: 1.5 }), path: `${step}.updateLimit` },
    ],
  },
  {
    rule: 'customize may be empty or absent, and has a limit',
    passes: [bodyWith({}), bodyWith({ customize: [] }), bodyWith({ customize: null })],
    refused: [
      { body: bodyWith({ customize: {} }), path: `${p}.customize` },
      { body: bodyWith({ customize: ['x'] }), path: `${p}.customize[0]` },
      {
        body: bodyWith({ customize: many(1001, () => ({ type: 'Shell', inline: ['x'] })) }),
        path: `${p}.customize`,
        code: 'TooLong',
      },
    ],
  },
  {
    rule: 'buildTimeoutInMinutes is 0 or 6 to 960',
    passes: [0, 6, 240, 960].map((buildTimeoutInMinutes) => bodyWith({ buildTimeoutInMinutes })),
    refused: [1, 5, 961, -1, 7.5, '60', true].map((buildTimeoutInMinutes) => ({
      body: bodyWith({ buildTimeoutInMinutes }),
      path: `${p}.buildTimeoutInMinutes`,
    })),
  },
  {
    rule: 'vmProfile holds a size name and a disk size of at least 0',
    passes: [{}, { vmSize: '', osDiskSizeGB: 0 }, { vmSize: 'Standard_D2s_v3', osDiskSizeGB: 127 }].map(
      (vmProfile) => bodyWith({ vmProfile }),
    ),
    refused: [
      { body: bodyWith({ vmProfile: { osDiskSizeGB: -1 } }), path: `${p}.vmProfile.osDiskSizeGB` },
      { body: bodyWith({ vmProfile: { osDiskSizeGB: '30' } }), path: `${p}.vmProfile.osDiskSizeGB` },
      { body: bodyWith({ vmProfile: { vmSize: 'big one' } }), path: `${p}.vmProfile.vmSize` },
      { body: bodyWith({ vmProfile: [] }), path: `${p}.vmProfile` },
    ],
  },
  {
    rule: 'subnetId is the id of a subnet',
    passes: [network({ subnetId: `${vnet}/subnets/a` })],
    refused: [vnet, 'subnet', ''].map((subnetId) => ({
      body: network({ subnetId }),
      path: `${p}.vmProfile.vnetConfig.subnetId`,
    })),
  },
  {
    rule: 'build VM identities are identity ids, each once',
    since: '2021-10-01',
    passes: [bodyWith({ vmProfile: { userAssignedIdentities: [identity] } })],
    refused: [
      {
        body: bodyWith({ vmProfile: { userAssignedIdentities: ['me'] } }),
        path: `${p}.vmProfile.userAssignedIdentities[0]`,
      },
      {
        body: bodyWith({ vmProfile: { userAssignedIdentities: [identity, identity.toUpperCase()] } }),
        path: `${p}.vmProfile.userAssignedIdentities[1]`,
        code: 'Duplicate',
      },
    ],
  },
  {
    rule: 'containerInstanceSubnetId goes with another subnetId of the same network and without proxyVmSize',
    since: '2024-02-01',
    passes: [
      network({ subnetId: `${vnet}/subnets/a`, containerInstanceSubnetId: `${vnet}/subnets/b` }),
      network({ subnetId: `${vnet}/subnets/a`, proxyVmSize: 'Standard_A1_v2' }),
      network({
        subnetId: `${vnet}/subnets/a`,
        containerInstanceSubnetId: `${vnet}/subnets/b`,
        proxyVmSize: '',
      }),
    ],
    refused: [
      {
        body: network({ containerInstanceSubnetId: `${vnet}/subnets/b` }),
        code: 'FieldConflict',
        says: /'subnetId'/,
      },
      {
        body: network({ subnetId: `${vnet}/subnets/a`, containerInstanceSubnetId: `${vnet}/subnets/A` }),
        says: /another subnet/,
      },
      {
        body: network({ subnetId: `${vnet}2/subnets/a`, containerInstanceSubnetId: `${vnet}/subnets/b` }),
        says: /same virtual network/,
      },
    ]
      .map((refused) => ({ ...refused, path: `${p}.vmProfile.vnetConfig.containerInstanceSubnetId` }))
      .concat([
        {
          body: network({
            subnetId: `${vnet}/subnets/a`,
            containerInstanceSubnetId: `${vnet}/subnets/b`,
            proxyVmSize: 'Standard_A1_v2',
          }),
          code: 'FieldConflict',
          says: /cannot be used together/,
          path: `${p}.vmProfile.vnetConfig.proxyVmSize`,
        },
      ]),
  },
  {
    rule: 'run output names are unique without regard to case',
    passes: [
      bodyWith({
        distribute: [
          { type: 'VHD', runOutputName: 'a' },
          { type: 'VHD', runOutputName: 'b' },
        ],
      }),
    ],
    refused: [
      {
        body: bodyWith({
          distribute: [
            { type: 'VHD', runOutputName: 'a' },
            { type: 'VHD', runOutputName: 'A' },
          ],
        }),
        path: `${p}.distribute[1].runOutputName`,
        code: 'Duplicate',
      },
    ],
  },
  {
    rule: 'there is at least one target, and not too many',
    passes: [bodyWith({})],
    refused: [
      { body: bodyWith({ distribute: [] }), path: `${p}.distribute`, says: /at least one/ },
      {
        body: bodyWith({ distribute: many(101, (index) => ({ type: 'VHD', runOutputName: `v${index}` })) }),
        path: `${p}.distribute`,
        code: 'TooLong',
      },
    ],
  },
  {
    rule: 'no two targets write to the same image',
    passes: [
      bodyWith({
        distribute: ['a', 'b'].map((name) => ({
          type: 'SharedImage',
          runOutputName: name,
          galleryImageId: `${definition}${name}`,
        })),
      }),
    ],
    refused: [
      {
        body: bodyWith({
          distribute: [`${compute}/images/i`, `${compute}/images/I`].map((imageId, index) => ({
            type: 'ManagedImage',
            runOutputName: `m${index}`,
            imageId,
            location: 'a',
          })),
        }),
        path: `${p}.distribute[1].imageId`,
        code: 'Duplicate',
      },
      {
        body: bodyWith({
          distribute: [definition, definition.toUpperCase()].map((id, index) => ({
            type: 'SharedImage',
            runOutputName: `g${index}`,
            galleryImageId: id,
          })),
        }),
        path: `${p}.distribute[1].galleryImageId`,
        code: 'Duplicate',
      },
    ],
  },
  {
    rule: 'a gallery target names a definition or a version x.y.z',
    passes: [definition, `${definition}/versions/1.0.0`].map((galleryImageId) => gallery({ galleryImageId })),
    refused: [
      `${definition}/versions/latest`,
      `${definition}/versions/1.0`,
      `${definition}/versions/1.0.0-rc1`,
      `${compute}/images/i`,
      `${definition}/`,
      'd',
    ].map((galleryImageId) => ({
      body: gallery({ galleryImageId }),
      path: `${target}.galleryImageId`,
    })),
  },
  {
    rule: 'image ids are well-formed',
    passes: [managed({}), source({ type: 'ManagedImage', imageId: `${compute}/images/i` })],
    refused: [
      {
        body: managed({ imageId: definition }),
        path: `${target}.imageId`,
        says: /Microsoft.Compute\/images/,
      },
      { body: managed({ imageId: `${compute}/images/<imageName>` }), path: `${target}.imageId` },
      {
        body: source({ type: 'ManagedImage', imageId: 'image' }),
        path: `${p}.source.imageId`,
        says: /Field 'imageId' has a bad value: 'image'/,
      },
    ],
  },
  {
    rule: 'a gallery source names a version',
    passes: [source({ type: 'SharedImageVersion', imageVersionId: `${definition}/versions/1.0.0` })],
    refused: [definition, `${definition}/versions/1`, 'x'].map((imageVersionId) => ({
      body: source({ type: 'SharedImageVersion', imageVersionId }),
      path: `${p}.source.imageVersionId`,
    })),
  },
  {
    rule: 'a gallery source cannot be latest before 2022-07-01',
    until: '2022-02-14',
    passes: [],
    refused: [
      {
        body: source({ type: 'SharedImageVersion', imageVersionId: `${definition}/versions/latest` }),
        path: `${p}.source.imageVersionId`,
      },
    ],
  },
  {
    rule: 'a gallery source may be latest',
    since: '2022-07-01',
    passes: [source({ type: 'SharedImageVersion', imageVersionId: `${definition}/versions/latest` })],
    refused: [],
  },
  {
    rule: 'words of a platform image are safe names',
    passes: [platform({}), platform({ version: '20.04.202401010', exactVersion: '1.2.3' })],
    refused: ['publisher', 'offer', 'sku', 'version'].flatMap((field) =>
      ['', '../x', 'a b', '-rf', '$(id)', 'x'.repeat(200)].map((value) => ({
        body: platform({ [field]: value }),
        path: `${p}.source.${field}`,
      })),
    ),
  },
  {
    rule: 'planInfo has all three fields or is left out',
    passes: [platform({ planInfo: { planName: 'n', planProduct: 'p', planPublisher: 'q' } })],
    refused: [
      {
        body: platform({ planInfo: { planName: 'n', planProduct: 'p' } }),
        path: `${p}.source.planInfo.planPublisher`,
        code: 'MissingField',
      },
      {
        body: platform({ planInfo: { planPublisher: 'p' } }),
        path: `${p}.source.planInfo.planName`,
        code: 'MissingField',
      },
    ],
  },
  {
    rule: 'replication regions are named once',
    passes: [gallery({ replicationRegions: ['westus2', 'East US'] }), gallery({ replicationRegions: [] })],
    refused: [
      {
        body: gallery({ replicationRegions: ['westus2', 'West US 2'] }),
        path: `${target}.replicationRegions[1]`,
        code: 'Duplicate',
      },
      { body: gallery({ replicationRegions: ['../etc'] }), path: `${target}.replicationRegions[0]` },
      {
        body: gallery({ replicationRegions: many(101, (index) => `region${index}`) }),
        path: `${target}.replicationRegions`,
        code: 'TooLong',
      },
    ],
  },
  {
    rule: 'storage types before 2022-07-01 are Standard_LRS and Standard_ZRS',
    until: '2022-02-14',
    passes: [gallery({ replicationRegions: ['a'], storageAccountType: 'Standard_ZRS' })],
    refused: [
      {
        body: gallery({ replicationRegions: ['a'], storageAccountType: 'Premium_LRS' }),
        path: `${target}.storageAccountType`,
      },
    ],
  },
  {
    rule: 'storage types include Premium_LRS',
    since: '2022-07-01',
    passes: ['Standard_LRS', 'Standard_ZRS', 'Premium_LRS'].map((storageAccountType) =>
      gallery({ replicationRegions: ['a'], storageAccountType }),
    ),
    refused: [
      {
        body: gallery({ replicationRegions: ['a'], storageAccountType: 'premium_lrs' }),
        path: `${target}.storageAccountType`,
        suggestion: 'Premium_LRS',
      },
      {
        body: gallery({ targetRegions: [{ name: 'a', storageAccountType: 'UltraSSD' }] }),
        path: `${target}.targetRegions[0].storageAccountType`,
      },
    ],
  },
  {
    rule: 'targetRegions and the deprecated fields do not mix',
    since: '2022-07-01',
    passes: [
      gallery({ targetRegions: [{ name: 'a' }] }),
      gallery({ replicationRegions: ['a'] }),
      gallery({}),
    ],
    refused: [
      {
        body: gallery({ targetRegions: [{ name: 'a' }], replicationRegions: ['a'] }),
        path: `${target}.replicationRegions`,
        code: 'FieldConflict',
      },
      {
        body: gallery({ targetRegions: [{ name: 'a' }], storageAccountType: 'Standard_LRS' }),
        path: `${target}.storageAccountType`,
        code: 'FieldConflict',
      },
      {
        body: gallery({ storageAccountType: 'Standard_LRS' }),
        path: `${target}.storageAccountType`,
        code: 'FieldConflict',
      },
    ],
  },
  {
    rule: 'a target region has a name and 1 to 100 replicas, once',
    since: '2022-07-01',
    passes: [
      gallery({
        targetRegions: [
          { name: 'a', replicaCount: 1 },
          { name: 'b', replicaCount: 100 },
        ],
      }),
    ],
    refused: [
      ...[0, -1, 101, 1.5, '2'].map((replicaCount) => ({
        body: gallery({ targetRegions: [{ name: 'a', replicaCount }] }),
        path: `${target}.targetRegions[0].replicaCount`,
      })),
      {
        body: gallery({ targetRegions: [{}] }),
        path: `${target}.targetRegions[0].name`,
        code: 'MissingField',
      },
      {
        body: gallery({ targetRegions: [{ name: 'a' }, { name: 'A' }] }),
        path: `${target}.targetRegions[1].name`,
        code: 'Duplicate',
      },
    ],
  },
  {
    rule: 'versioning is Latest with an optional major of at least -1, or Source, and not for an explicit version',
    since: '2022-07-01',
    passes: [
      { scheme: 'Latest' },
      { scheme: 'Latest', major: -1 },
      { scheme: 'Latest', major: 3 },
      { scheme: 'Source' },
    ].map((versioning) => gallery({ versioning })),
    refused: [
      { body: gallery({ versioning: { scheme: 'Latest', major: -2 } }), path: `${target}.versioning.major` },
      {
        body: gallery({ versioning: { scheme: 'latest' } }),
        path: `${target}.versioning.scheme`,
        suggestion: 'Latest',
      },
      { body: gallery({ versioning: {} }), path: `${target}.versioning.scheme`, code: 'MissingField' },
      {
        body: gallery({ versioning: { scheme: 'Source' }, galleryImageId: `${definition}/versions/1.0.0` }),
        path: `${target}.versioning`,
        code: 'FieldConflict',
      },
    ],
  },
  {
    rule: 'a VHD uri is an http(s) URL or a path, or empty',
    since: '2022-07-01',
    passes: ['', 'https://a.blob.core.windows.net/vhds/x.vhd', '/srv/x.vhd', 'out/x.vhd'].map((uri) =>
      vhd({ uri }),
    ),
    refused: [
      ...['ftp://a/x.vhd', 'https://u:p@a/x.vhd'].map((uri) => ({
        body: vhd({ uri }),
        path: `${target}.uri`,
      })),
      {
        body: bodyWith({
          distribute: ['a', 'b'].map((name) => ({ type: 'VHD', runOutputName: name, uri: '/srv/x.vhd' })),
        }),
        path: `${p}.distribute[1].uri`,
        code: 'Duplicate',
      },
    ],
  },
  {
    rule: 'replicationMode is Full or Shallow',
    since: '2025-10-01',
    passes: ['Full', 'Shallow'].map((replicationMode) => gallery({ replicationMode })),
    refused: [
      {
        body: gallery({ replicationMode: 'shallow' }),
        path: `${target}.replicationMode`,
        suggestion: 'Shallow',
      },
    ],
  },
  {
    rule: 'the identity is None, or UserAssigned with exactly one identity id',
    passes: [
      bodyWith(
        {},
        {
          identity: {
            type: 'UserAssigned',
            userAssignedIdentities: { [identity]: { clientId: 'x', principalId: 'y' } },
          },
        },
      ),
    ],
    refused: [
      {
        body: bodyWith({}, { identity: { type: 'UserAssigned' } }),
        path: '$.identity.userAssignedIdentities',
        code: 'MissingField',
      },
      {
        body: bodyWith({}, { identity: { type: 'UserAssigned', userAssignedIdentities: {} } }),
        path: '$.identity.userAssignedIdentities',
        code: 'MissingField',
      },
      {
        body: bodyWith(
          {},
          {
            identity: {
              type: 'UserAssigned',
              userAssignedIdentities: { [identity]: {}, [`${identity}2`]: {} },
            },
          },
        ),
        path: '$.identity.userAssignedIdentities',
        says: /at most one/,
      },
      {
        body: bodyWith({}, { identity: { type: 'UserAssigned', userAssignedIdentities: { me: {} } } }),
        path: '$.identity.userAssignedIdentities.me',
      },
      {
        body: bodyWith({}, { identity: { type: 'None', userAssignedIdentities: { [identity]: {} } } }),
        path: '$.identity.userAssignedIdentities',
        code: 'FieldConflict',
      },
    ],
  },
  {
    rule: 'locations are names of regions',
    passes: ['westus2', 'West US 2'].map((location) => bodyWith({}, { location })),
    refused: ['', ' ', '../x', '<region>', '[resourceGroup().location]', 'x'.repeat(100), 7].map(
      (location) => ({ body: bodyWith({}, { location }), path: '$.location' }),
    ),
  },
  {
    rule: 'tags stay within the limits of Azure',
    passes: [
      bodyWith({}, { tags: { a: '', 'with blank': 'x' } }),
      vhd({
        artifactTags: Object.fromEntries(many(50, (index) => [`t${index}`, 'x']).filter(Array.isArray)),
      }),
    ],
    refused: [
      { body: bodyWith({}, { tags: { a: 1 } }), path: '$.tags.a' },
      { body: bodyWith({}, { tags: { 'a/b': 'x' } }), path: "$.tags['a/b']" },
      { body: bodyWith({}, { tags: { a: 'x'.repeat(257) } }), path: '$.tags.a' },
      { body: bodyWith({}, { tags: [] }), path: '$.tags' },
      {
        body: bodyWith(
          {},
          { tags: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`t${index}`, 'x'])) },
        ),
        path: '$.tags',
        code: 'TooLong',
      },
    ],
  },
  {
    rule: 'validators have the kinds and rules of their customizers',
    since: '2022-02-14',
    passes: [
      validate({}),
      validate({
        continueDistributeOnFailure: true,
        inVMValidations: [
          { type: 'Shell', inline: ['x'] },
          { type: 'PowerShell', scriptUri: 'x.ps1' },
        ],
      }),
    ],
    refused: [
      {
        body: validate({ inVMValidations: [{ type: 'Shell' }] }),
        path: `${p}.validate.inVMValidations[0]`,
        code: 'MissingField',
      },
      {
        body: validate({ inVMValidations: [{ type: 'WindowsRestart' }] }),
        path: `${p}.validate.inVMValidations[0].type`,
        says: /'Shell', 'PowerShell'/,
      },
      {
        body: validate({ inVMValidations: [{ type: 'PowerShell', inline: ['x'], runAsSystem: true }] }),
        path: `${p}.validate.inVMValidations[0].runAsSystem`,
      },
    ],
  },
  {
    rule: 'the File validator arrives in 2022-07-01',
    since: '2022-02-14',
    until: '2022-02-14',
    passes: [],
    refused: [
      {
        body: validate({ inVMValidations: [{ type: 'File', sourceUri: 'a', destination: '/a' }] }),
        path: `${p}.validate.inVMValidations[0].type`,
      },
    ],
  },
  {
    rule: 'File validators are legal',
    since: '2022-07-01',
    passes: [validate({ inVMValidations: [{ type: 'File', sourceUri: 'a', destination: '/a' }] })],
    refused: [],
  },
  {
    rule: 'sourceValidationOnly needs a validator',
    since: '2022-02-14',
    passes: [
      validate({ sourceValidationOnly: true, inVMValidations: [{ type: 'Shell', inline: ['x'] }] }),
      validate({ sourceValidationOnly: false }),
    ],
    refused: [
      {
        body: validate({ sourceValidationOnly: true }),
        path: `${p}.validate.inVMValidations`,
        code: 'MissingField',
      },
      {
        body: validate({ sourceValidationOnly: true, inVMValidations: [] }),
        path: `${p}.validate.inVMValidations`,
        code: 'MissingField',
      },
    ],
  },
  {
    rule: 'stagingResourceGroup is the id of a resource group or empty',
    since: '2022-02-14',
    passes: ['', group].map((stagingResourceGroup) => bodyWith({ stagingResourceGroup })),
    refused: ['rg', `${compute}/images/i`].map((stagingResourceGroup) => ({
      body: bodyWith({ stagingResourceGroup }),
      path: `${p}.stagingResourceGroup`,
    })),
  },
  {
    rule: 'errorHandling is cleanup or abort',
    since: '2023-07-01',
    passes: [{}, { onCustomizerError: 'abort', onValidationError: 'cleanup' }].map((errorHandling) =>
      bodyWith({ errorHandling }),
    ),
    refused: [
      {
        body: bodyWith({ errorHandling: { onCustomizerError: 'Abort' } }),
        path: `${p}.errorHandling.onCustomizerError`,
        suggestion: 'abort',
      },
    ],
  },
  {
    rule: 'vmBoot is Enabled or Disabled',
    since: '2022-07-01',
    passes: ['Enabled', 'Disabled'].map((state) => bodyWith({ optimize: { vmBoot: { state } } })),
    refused: [
      {
        body: bodyWith({ optimize: { vmBoot: { state: 'enabled' } } }),
        path: `${p}.optimize.vmBoot.state`,
        suggestion: 'Enabled',
      },
    ],
  },
  {
    rule: 'autoRun is Enabled or Disabled, managed resources take tags',
    since: '2024-02-01',
    passes: [bodyWith({ autoRun: { state: 'Enabled' }, managedResourceTags: { a: 'b' } })],
    refused: [
      { body: bodyWith({ autoRun: { state: true } }), path: `${p}.autoRun.state` },
      { body: bodyWith({ managedResourceTags: { a: {} } }), path: `${p}.managedResourceTags.a` },
    ],
  },
  {
    rule: 'workload optimisation and data disks have their limits',
    since: '2025-10-01',
    passes: [
      bodyWith({
        optimize: { workload: { state: 'Enabled', scriptUri: 'w.sh', sha256Checksum: sha256 } },
        additionalDataDisks: [{ sizeGB: 0 }, { sizeGB: 32 }],
      }),
    ],
    refused: [
      {
        body: bodyWith({ optimize: { workload: { sha256Checksum: sha256 } } }),
        path: `${p}.optimize.workload.sha256Checksum`,
        code: 'FieldConflict',
      },
      {
        body: bodyWith({ additionalDataDisks: [{ sizeGB: -1 }] }),
        path: `${p}.additionalDataDisks[0].sizeGB`,
      },
      {
        body: bodyWith({ additionalDataDisks: [{}] }),
        path: `${p}.additionalDataDisks[0].sizeGB`,
        code: 'MissingField',
      },
      {
        body: bodyWith({ additionalDataDisks: many(65, () => ({ sizeGB: 1 })) }),
        path: `${p}.additionalDataDisks`,
        code: 'TooLong',
      },
    ],
  },
];

for (const { rule, since = '2020-02-14', until = '2025-10-01', passes, refused } of rules) {
  suite(rule, () => {
    for (const apiVersion of apiVersions.filter((version) => version >= since && version <= until)) {
      test(`in ${apiVersion} ${passes.length} bodies pass and ${refused.length} are refused`, () => {
        for (const body of passes) {
          const parsed = parseTemplateBody(body, apiVersion);
          assert.ok(parsed.ok, JSON.stringify({ body, parsed }));
          assert.deepEqual(parsed.warnings, []);
        }
        for (const { body, path, code, says, suggestion } of refused) {
          const parsed = parseTemplateBody(body, apiVersion);
          assert.ok(!parsed.ok, `accepted: ${JSON.stringify(body).slice(0, 500)}`);
          const found = parsed.issues.find(
            (issue) => issue.path === path && (code === undefined || issue.code === code),
          );
          const seen = JSON.stringify(parsed.issues);
          assert.ok(found, `no issue at ${path} in ${seen}`);
          if (says !== undefined) assert.match(found.message, says);
          if (suggestion !== undefined) assert.equal(found.suggestion, suggestion);
          assert.ok(parsed.issues.length <= 2, `one fault, many issues: ${seen}`);
        }
      });
    }
  });
}

test('a URL with a password is refused without showing the password', () => {
  const parsed = parseTemplateBody(shell({ scriptUri: 'https://u:hunter2@example.com/a.sh' }), '2025-10-01');
  assert.ok(!parsed.ok);
  assert.ok(!JSON.stringify(parsed).includes('hunter2'));
});

test('customizers beside sourceValidationOnly give a warning', () => {
  const body = bodyWith({
    customize: [{ type: 'Shell', inline: ['x'] }],
    validate: { sourceValidationOnly: true, inVMValidations: [{ type: 'Shell', inline: ['x'] }] },
  });
  const parsed = parseTemplateBody(body, '2025-10-01');
  assert.ok(parsed.ok);
  assert.deepEqual(
    parsed.warnings.map(({ path }) => path),
    ['$.properties.customize'],
  );
});
