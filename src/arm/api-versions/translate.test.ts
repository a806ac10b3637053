import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageTemplate } from '../../model/image-template.ts';
import { apiVersions, templateWires } from './supported.ts';

const group = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg';
const gallery = `${group}/providers/Microsoft.Compute/galleries/g/images`;
const network = `${group}/providers/Microsoft.Network/virtualNetworks/v/subnets`;
const identity = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u`;
const sha256 = '0123456789abcdef'.repeat(4);

const smallest = {
  location: 'West US 2',
  identity: { type: 'None' },
  properties: {
    source: { type: 'PlatformImage', publisher: 'p', offer: 'o', sku: 's', version: 'LATEST' },
    distribute: [{ type: 'VHD', runOutputName: 'v' }],
  },
};

const withDefaults: ImageTemplate = {
  name: undefined,
  location: 'westus2',
  tags: {},
  identity: { type: 'None', userAssignedIdentities: [] },
  source: {
    type: 'PlatformImage',
    publisher: 'p',
    offer: 'o',
    sku: 's',
    version: 'latest',
    planInfo: undefined,
  },
  customize: [],
  optimize: { vmBoot: false, workload: undefined },
  validate: undefined,
  distribute: [{ type: 'VHD', runOutputName: 'v', artifactTags: {}, uri: undefined }],
  errorHandling: { onCustomizerError: 'cleanup', onValidationError: 'cleanup' },
  buildTimeoutMs: 240 * 60_000,
  vmProfile: {
    vmSize: undefined,
    osDiskSizeGB: undefined,
    userAssignedIdentities: [],
    vnetConfig: undefined,
  },
  additionalDataDisks: [],
  stagingResourceGroup: undefined,
  autoRun: false,
  managedResourceTags: {},
};

for (const apiVersion of apiVersions) {
  test(`the smallest body of ${apiVersion} becomes a template with every default filled in`, () => {
    assert.deepEqual(read(smallest, apiVersion), withDefaults);
  });

  test(`empty texts and zeroes of ${apiVersion} mean the same as leaving fields out`, () => {
    const properties = {
      ...smallest.properties,
      customize: [],
      buildTimeoutInMinutes: 0,
      vmProfile: { vmSize: '', osDiskSizeGB: 0 },
    };
    assert.deepEqual(read({ ...smallest, properties }, apiVersion), withDefaults);
  });

  test(`customizers of ${apiVersion} get their defaults`, () => {
    const customize = [
      { type: 'Shell', inline: ['a', 'b'] },
      { type: 'Shell', name: 'n', scriptUri: 's.sh', sha256Checksum: sha256 },
      { type: 'PowerShell', inline: ['a'], validExitCodes: [] },
      { type: 'WindowsRestart' },
      { type: 'WindowsRestart', restartTimeout: '1h30m', restartCommand: 'r', restartCheckCommand: 'c' },
      { type: 'WindowsUpdate', searchCriteria: '', updateLimit: 0 },
      { type: 'File', sourceUri: 'f', sha256Checksum: '', destination: '/tmp/f' },
    ];
    const name = undefined;
    assert.deepEqual(
      read({ ...smallest, properties: { ...smallest.properties, customize } }, apiVersion).customize,
      [
        { type: 'Shell', name, script: { from: 'inline', lines: ['a', 'b'] } },
        { type: 'Shell', name: 'n', script: { from: 'uri', uri: 's.sh', sha256 } },
        {
          type: 'PowerShell',
          name,
          script: { from: 'inline', lines: ['a'] },
          runElevated: false,
          runAsSystem: false,
          validExitCodes: [0],
        },
        {
          type: 'WindowsRestart',
          name,
          restartCommand: 'shutdown /r /f /t 0 /c "packer restart"',
          restartCheckCommand: undefined,
          restartTimeoutMs: 300_000,
        },
        {
          type: 'WindowsRestart',
          name,
          restartCommand: 'r',
          restartCheckCommand: 'c',
          restartTimeoutMs: 5_400_000,
        },
        {
          type: 'WindowsUpdate',
          name,
          searchCriteria: 'BrowseOnly=0 and IsInstalled=0',
          filters: [],
          updateLimit: 1000,
        },
        { type: 'File', name, sourceUri: 'f', sha256: undefined, destination: '/tmp/f' },
      ],
    );
  });

  test(`replication regions of ${apiVersion} become target regions with one replica`, () => {
    const distribute = [
      {
        type: 'SharedImage',
        runOutputName: 'g',
        galleryImageId: `${gallery}/d`,
        replicationRegions: ['West US 2', 'eastus'],
        storageAccountType: 'Standard_ZRS',
        excludeFromLatest: true,
      },
    ];
    assert.deepEqual(
      read({ ...smallest, properties: { ...smallest.properties, distribute } }, apiVersion).distribute,
      [
        {
          type: 'SharedImage',
          runOutputName: 'g',
          artifactTags: {},
          imageDefinitionId: `${gallery}/d`,
          explicitVersion: undefined,
          versioning: { scheme: 'Latest', major: undefined },
          excludeFromLatest: true,
          targetRegions: ['westus2', 'eastus'].map((name) => ({
            name,
            replicaCount: 1,
            storageAccountType: 'Standard_ZRS',
          })),
          replicationMode: 'Full',
        },
      ],
    );
  });
}

test('every field of the newest version reaches the domain model', () => {
  const body = {
    location: 'westus2',
    tags: { a: 'b' },
    identity: { type: 'UserAssigned', userAssignedIdentities: { [identity]: {} } },
    properties: {
      source: { type: 'SharedImageVersion', imageVersionId: `${gallery}/d/versions/Latest` },
      optimize: {
        vmBoot: { state: 'Enabled' },
        workload: { state: 'Enabled', scriptUri: 'w', sha256Checksum: sha256 },
      },
      validate: {
        continueDistributeOnFailure: true,
        sourceValidationOnly: true,
        inVMValidations: [{ type: 'File', sourceUri: 'f', destination: '/f' }],
      },
      distribute: [
        {
          type: 'SharedImage',
          runOutputName: 'g',
          artifactTags: { c: 'd' },
          galleryImageId: `${gallery}/e/versions/1.2.3`,
          targetRegions: [{ name: 'a', replicaCount: 2, storageAccountType: 'Premium_LRS' }],
          replicationMode: 'Shallow',
        },
        {
          type: 'SharedImage',
          runOutputName: 'h',
          galleryImageId: `${gallery}/f`,
          versioning: { scheme: 'Latest', major: 0 },
        },
        {
          type: 'SharedImage',
          runOutputName: 'i',
          galleryImageId: `${gallery}/h`,
          versioning: { scheme: 'Source' },
        },
        { type: 'VHD', runOutputName: 'v', uri: '/srv/x.vhd' },
      ],
      errorHandling: { onCustomizerError: 'abort', onValidationError: 'abort' },
      buildTimeoutInMinutes: 6,
      vmProfile: {
        vmSize: 'Standard_D2s_v3',
        osDiskSizeGB: 40,
        userAssignedIdentities: [identity],
        vnetConfig: { subnetId: `${network}/a`, containerInstanceSubnetId: `${network}/b` },
      },
      additionalDataDisks: [{ sizeGB: 5 }],
      stagingResourceGroup: group,
      autoRun: { state: 'Enabled' },
      managedResourceTags: { e: 'f' },
    },
  };
  const gallery1 = { type: 'SharedImage', excludeFromLatest: false } as const;
  const expected: ImageTemplate = {
    name: undefined,
    location: 'westus2',
    tags: { a: 'b' },
    identity: { type: 'UserAssigned', userAssignedIdentities: [identity] },
    source: { type: 'SharedImageVersion', imageVersionId: `${gallery}/d/versions/latest` },
    customize: [],
    optimize: { vmBoot: true, workload: { enabled: true, scriptUri: 'w', sha256 } },
    validate: {
      continueDistributeOnFailure: true,
      sourceValidationOnly: true,
      inVMValidations: [
        { type: 'File', name: undefined, sourceUri: 'f', sha256: undefined, destination: '/f' },
      ],
    },
    distribute: [
      {
        ...gallery1,
        runOutputName: 'g',
        artifactTags: { c: 'd' },
        imageDefinitionId: `${gallery}/e`,
        explicitVersion: '1.2.3',
        versioning: { scheme: 'Latest', major: undefined },
        targetRegions: [{ name: 'a', replicaCount: 2, storageAccountType: 'Premium_LRS' }],
        replicationMode: 'Shallow',
      },
      {
        ...gallery1,
        runOutputName: 'h',
        artifactTags: {},
        imageDefinitionId: `${gallery}/f`,
        explicitVersion: undefined,
        versioning: { scheme: 'Latest', major: 0 },
        targetRegions: [],
        replicationMode: 'Full',
      },
      {
        ...gallery1,
        runOutputName: 'i',
        artifactTags: {},
        imageDefinitionId: `${gallery}/h`,
        explicitVersion: undefined,
        versioning: { scheme: 'Source' },
        targetRegions: [],
        replicationMode: 'Full',
      },
      { type: 'VHD', runOutputName: 'v', artifactTags: {}, uri: '/srv/x.vhd' },
    ],
    errorHandling: { onCustomizerError: 'abort', onValidationError: 'abort' },
    buildTimeoutMs: 360_000,
    vmProfile: {
      vmSize: 'Standard_D2s_v3',
      osDiskSizeGB: 40,
      userAssignedIdentities: [identity],
      vnetConfig: {
        subnetId: `${network}/a`,
        containerInstanceSubnetId: `${network}/b`,
        proxyVmSize: undefined,
      },
    },
    additionalDataDisks: [{ sizeGB: 5 }],
    stagingResourceGroup: group,
    autoRun: true,
    managedResourceTags: { e: 'f' },
  };
  assert.deepEqual(read(body, '2025-10-01'), expected);
});

function read(body: unknown, apiVersion: (typeof apiVersions)[number]): ImageTemplate {
  const checked = templateWires[apiVersion].read(body);
  assert.ok(checked.ok, JSON.stringify(checked));
  return checked.value;
}
