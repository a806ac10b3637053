/** Field names: strict from 2024-02-01 on, lenient before; a field is unknown before its version. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { apiVersions, templateWires, type ApiVersion } from '../api-versions/supported.ts';
import { parseTemplateBody } from './parse-document.ts';

const strict = apiVersions.filter((version) => templateWires[version].fieldNames === 'strict');
const lenient = apiVersions.filter((version) => templateWires[version].fieldNames === 'lenient');

const legal = {
  location: 'westus2',
  identity: { type: 'None' },
  properties: {
    source: { type: 'PlatformImage', publisher: 'p', offer: 'o', sku: 's', version: 'latest' },
    customize: [{ type: 'Shell', inline: ['x'] }],
    distribute: [{ type: 'VHD', runOutputName: 'v' }],
  },
};
const definition =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Compute/galleries/g/images/d';

test('names became strict with 2024-02-01', () => {
  assert.deepEqual(strict, ['2024-02-01', '2025-10-01']);
});

const miscased = JSON.parse(
  JSON.stringify(legal)
    .replace('"properties"', '"Properties"')
    .replace('"inline"', '"INLINE"')
    .replace('"type":"Shell"', '"Type":"Shell"')
    .replace('"runOutputName"', '"runoutputname"'),
);

for (const apiVersion of lenient) {
  test(`${apiVersion} takes names in any case`, () => {
    const parsed = parseTemplateBody(miscased, apiVersion);
    assert.ok(parsed.ok, JSON.stringify(parsed));
    assert.deepEqual(parsed.warnings, []);
    assert.deepEqual(parsed.template, templateOf(legal, apiVersion));
  });

  test(`${apiVersion} ignores an unknown name with a warning and a suggestion`, () => {
    const parsed = parseTemplateBody(withFields({ custimize: [], banana: 1 }), apiVersion);
    assert.ok(parsed.ok);
    assert.deepEqual(
      parsed.warnings.map(({ path, code, suggestion }) => ({ path, code, suggestion })),
      [
        { path: '$.properties.custimize', code: 'UnknownField', suggestion: 'customize' },
        { path: '$.properties.banana', code: 'UnknownField', suggestion: undefined },
      ],
    );
  });

  test(`${apiVersion} refuses a field that is given twice in different cases`, () => {
    const parsed = parseTemplateBody(withFields({ Source: {} }), apiVersion);
    assert.ok(!parsed.ok);
    assert.deepEqual(
      parsed.issues.map(({ path, code }) => ({ path, code })),
      [{ path: '$.properties.Source', code: 'DuplicateField' }],
    );
  });
}

for (const apiVersion of strict) {
  test(`${apiVersion} refuses names in the wrong case, each with its path as written and the right name`, () => {
    const parsed = parseTemplateBody(miscased, apiVersion);
    assert.ok(!parsed.ok);
    assert.deepEqual(
      parsed.issues.map(({ path, code, suggestion }) => ({ path, code, suggestion })),
      [
        { path: '$.Properties', code: 'UnknownField', suggestion: 'properties' },
        { path: '$.Properties.customize[0].Type', code: 'UnknownField', suggestion: 'type' },
        { path: '$.Properties.customize[0].INLINE', code: 'UnknownField', suggestion: 'inline' },
        {
          path: '$.Properties.distribute[0].runoutputname',
          code: 'UnknownField',
          suggestion: 'runOutputName',
        },
      ],
    );
  });

  test(`${apiVersion} goes on checking below a misspelt name`, () => {
    const parsed = parseTemplateBody(withFields({ vmProfil: { osDiskSizeGB: -1 } }), apiVersion);
    assert.ok(!parsed.ok);
    assert.deepEqual(
      parsed.issues.map(({ path }) => path),
      ['$.properties.vmProfil', '$.properties.vmProfil.osDiskSizeGB'],
    );
  });

  test(`${apiVersion} does not know apiVersion inside the body of a request`, () => {
    const parsed = parseTemplateBody({ ...legal, apiVersion }, apiVersion);
    assert.ok(!parsed.ok);
    assert.deepEqual(
      parsed.issues.map(({ path }) => path),
      ['$.apiVersion'],
    );
  });
}

const arrivals: readonly (readonly [ApiVersion, string, object])[] = [
  [
    '2021-10-01',
    '$.properties.vmProfile.userAssignedIdentities',
    withFields({ vmProfile: { userAssignedIdentities: [] } }),
  ],
  [
    '2021-10-01',
    '$.properties.vmProfile.vnetConfig.proxyVmSize',
    withFields({ vmProfile: { vnetConfig: { proxyVmSize: '' } } }),
  ],
  ['2022-02-14', '$.properties.validate', withFields({ validate: {} })],
  ['2022-02-14', '$.properties.stagingResourceGroup', withFields({ stagingResourceGroup: '' })],
  ['2022-02-14', '$.properties.exactStagingResourceGroup', withFields({ exactStagingResourceGroup: '' })],
  ['2022-07-01', '$.properties.optimize', withFields({ optimize: {} })],
  ['2022-07-01', '$.properties.distribute[0].targetRegions', withTarget({ targetRegions: [] })],
  ['2022-07-01', '$.properties.distribute[0].versioning', withTarget({ versioning: { scheme: 'Latest' } })],
  [
    '2022-07-01',
    '$.properties.distribute[0].uri',
    withFields({ distribute: [{ type: 'VHD', runOutputName: 'v', uri: '' }] }),
  ],
  ['2023-07-01', '$.properties.errorHandling', withFields({ errorHandling: {} })],
  ['2024-02-01', '$.properties.autoRun', withFields({ autoRun: {} })],
  ['2024-02-01', '$.properties.managedResourceTags', withFields({ managedResourceTags: {} })],
  ['2025-10-01', '$.properties.optimize.workload', withFields({ optimize: { workload: {} } })],
  ['2025-10-01', '$.properties.additionalDataDisks', withFields({ additionalDataDisks: [] })],
  ['2025-10-01', '$.properties.distribute[0].replicationMode', withTarget({ replicationMode: 'Full' })],
];

suite('a field is unknown before the api-version that brought it', () => {
  for (const [since, path, body] of arrivals) {
    test(`${path} arrives in ${since}`, () => {
      for (const apiVersion of apiVersions) {
        const parsed = parseTemplateBody(body, apiVersion);
        const reports = parsed.ok ? parsed.warnings : parsed.issues;
        const unknown = reports.filter(({ code }) => code === 'UnknownField').map((report) => report.path);
        if (apiVersion >= since) assert.deepEqual([parsed.ok, unknown], [true, []], apiVersion);
        else
          assert.ok(
            unknown.some((known) => path.startsWith(known)),
            `${apiVersion} knows ${path}`,
          );
        if (apiVersion < since) assert.equal(parsed.ok, lenient.includes(apiVersion), apiVersion);
      }
    });
  }
});

test('what the service reports back is taken and ignored', () => {
  const reported = {
    ...withFields({
      provisioningState: 'Succeeded',
      provisioningError: null,
      lastRunStatus: { runState: 'Succeeded' },
      exactStagingResourceGroup: 'x',
    }),
    id: '/subscriptions/x',
    name: 'n',
    type: 'Microsoft.VirtualMachineImages/imageTemplates',
    systemData: { createdBy: 'me' },
  };
  const parsed = parseTemplateBody(reported, '2025-10-01');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  assert.deepEqual(parsed.template, templateOf(legal, '2025-10-01'));
});

function withFields(fields: object): object {
  return { ...legal, properties: { ...legal.properties, ...fields } };
}

function withTarget(fields: object): object {
  return withFields({
    distribute: [{ type: 'SharedImage', runOutputName: 'g', galleryImageId: definition, ...fields }],
  });
}

function templateOf(body: unknown, apiVersion: ApiVersion) {
  const parsed = parseTemplateBody(body, apiVersion);
  assert.ok(parsed.ok);
  return parsed.template;
}
