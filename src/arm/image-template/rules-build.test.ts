/** Rules of the build VM, validation and the other options. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTemplateBody } from './parse-document.ts';
import {
  bodyWith,
  compute,
  group,
  identity,
  many,
  network,
  p,
  sha256,
  shell,
  testRules,
  validate,
  vnet,
} from './rule-table.ts';

testRules([
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
]);

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
