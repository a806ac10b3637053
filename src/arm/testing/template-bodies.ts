/** Bodies of PUT requests for tests: the example templates, and templates that use everything there is. */
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import { exampleTexts } from './damaged-templates.ts';

const group = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/images-rg';
const gallery = `${group}/providers/Microsoft.Compute/galleries/golden`;
const vnet = `${group}/providers/Microsoft.Network/virtualNetworks/net`;
const identities = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
const sha256Checksum = 'c0ffee00'.repeat(8);

/** Every field of the newest api-version that a Linux template can have. */
export const completeLinuxBody: JsonObject = {
  location: 'West US 2',
  tags: { team: 'images', Empty: '' },
  identity: { type: 'UserAssigned', userAssignedIdentities: { [`${identities}/image-builder`]: {} } },
  properties: {
    source: {
      ...{
        type: 'PlatformImage',
        publisher: 'Debian',
        offer: 'debian-12',
        sku: '12-gen2',
        version: 'latest',
      },
      exactVersion: '12.0.1',
      planInfo: { planName: 'n', planProduct: 'p', planPublisher: 'q' },
    },
    customize: [
      { type: 'Shell', name: 'lines', inline: ['a=1', 'echo $a'] },
      { type: 'Shell', scriptUri: 'https://example.com/a.sh', sha256Checksum },
      { type: 'File', sourceUri: 'https://example.com/f', destination: '/tmp/f', sha256Checksum: '' },
    ],
    optimize: {
      vmBoot: { state: 'Enabled' },
      workload: { state: 'Enabled', scriptUri: 'https://example.com/w' },
    },
    validate: {
      continueDistributeOnFailure: true,
      inVMValidations: [
        { type: 'File', sourceUri: 'https://example.com/v', destination: '/tmp/v' },
        { type: 'Shell', inline: ['true'] },
      ],
    },
    distribute: [
      {
        ...{ type: 'SharedImage', runOutputName: 'regions', galleryImageId: `${gallery}/images/a` },
        artifactTags: { k: 'v' },
        excludeFromLatest: true,
        targetRegions: [
          { name: 'West US 2', replicaCount: 2, storageAccountType: 'Premium_LRS' },
          { name: 'northeurope' },
        ],
        versioning: { scheme: 'Latest', major: 3 },
        replicationMode: 'Shallow',
      },
      {
        ...{ type: 'SharedImage', runOutputName: 'uniform', galleryImageId: `${gallery}/images/b` },
        targetRegions: [{ name: 'westus2', storageAccountType: 'Standard_ZRS' }],
        versioning: { scheme: 'Source' },
      },
      { type: 'VHD', runOutputName: 'disk', uri: 'https://example.blob.core.windows.net/vhds/a.vhd' },
    ],
    errorHandling: { onCustomizerError: 'abort', onValidationError: 'cleanup' },
    buildTimeoutInMinutes: 90,
    vmProfile: {
      vmSize: 'Standard_D2ds_v4',
      osDiskSizeGB: 64,
      userAssignedIdentities: [`${identities}/build-vm`],
      vnetConfig: {
        subnetId: `${vnet}/subnets/build`,
        containerInstanceSubnetId: `${vnet}/subnets/containers`,
      },
    },
    additionalDataDisks: [{ sizeGB: 10 }],
    stagingResourceGroup: `${group}-staging`,
    autoRun: { state: 'Enabled' },
    managedResourceTags: { costs: '42' },
  },
};

/** What is left: the Windows customizers, the deprecated fields of galleries, the other sources. */
export const completeWindowsBody: JsonObject = {
  location: 'westeurope',
  identity: { type: 'UserAssigned', userAssignedIdentities: { [`${identities}/image-builder`]: {} } },
  properties: {
    source: { type: 'SharedImageVersion', imageVersionId: `${gallery}/images/base/versions/1.2.3` },
    customize: [
      { type: 'PowerShell', inline: ['x'], runElevated: true, runAsSystem: true, validExitCodes: [0, 3010] },
      { type: 'PowerShell', name: 'script', scriptUri: 'https://example.com/a.ps1' },
      { type: 'WindowsRestart', restartCheckCommand: 'echo up', restartTimeout: '10m' },
      { type: 'WindowsUpdate', searchCriteria: 'IsInstalled=0', filters: ['include:$true'], updateLimit: 20 },
    ],
    distribute: [
      {
        ...{
          type: 'SharedImage',
          runOutputName: 'old',
          galleryImageId: `${gallery}/images/c/versions/1.0.0`,
        },
        replicationRegions: ['westeurope', 'West US 2'],
        storageAccountType: 'Standard_ZRS',
      },
      {
        ...{ type: 'ManagedImage', runOutputName: 'image', location: 'westeurope' },
        imageId: `${group}/providers/Microsoft.Compute/images/golden`,
      },
    ],
    vmProfile: { vnetConfig: { subnetId: `${vnet}/subnets/build`, proxyVmSize: 'Standard_A1_v2' } },
  },
};

/** A source that says `latest`, and nothing but what has to be there. */
export const smallBody: JsonObject = {
  location: 'westus2',
  identity: { type: 'None' },
  properties: {
    source: {
      type: 'PlatformImage',
      publisher: 'Debian',
      offer: 'debian-12',
      sku: '12-gen2',
      version: 'latest',
    },
    distribute: [{ type: 'VHD', runOutputName: 'disk' }],
  },
};

const fileFields: readonly string[] = ['type', 'apiVersion', 'name', 'dependsOn', 'comments', 'metadata'];

/** Texts of bodies: the examples without what a file has around them, and the three above. */
export const bodyTexts: readonly string[] = [
  ...exampleTexts.flatMap(bareBody),
  ...[completeLinuxBody, completeWindowsBody, smallBody].map((body) => JSON.stringify(body)),
];

function bareBody(text: string): readonly string[] {
  const file: unknown = JSON.parse(text);
  if (!isJsonObject(file) || 'resources' in file) return [];
  return [
    JSON.stringify(Object.fromEntries(Object.entries(file).filter(([name]) => !fileFields.includes(name)))),
  ];
}
