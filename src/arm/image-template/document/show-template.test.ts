import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isJsonObject, type JsonObject } from '../../../model/json.ts';
import { apiVersions, templateWires, type ApiVersion } from '../../api-versions/supported.ts';
import { completeLinuxBody, completeWindowsBody } from '../../testing/template-bodies.ts';
import { objectIn, objectsIn } from './edit.ts';
import { showTemplate } from './show-template.ts';
import { documentOf } from './template-document.ts';

test('defaults that Azure shows are there although nobody sent them', () => {
  const customize = objectsIn(propertiesAs('2025-10-01', completeWindowsBody), 'customize');
  assert.deepEqual(customize[1], {
    type: 'PowerShell',
    name: 'script',
    scriptUri: 'https://example.com/a.ps1',
    sha256Checksum: '',
    runElevated: false,
    runAsSystem: false,
  });
});

test('regions are told in the words of the version, and a storage type it lacks is left out', () => {
  const old = objectsIn(propertiesAs('2020-02-14', completeLinuxBody), 'distribute');
  assert.deepEqual(old[0]?.['replicationRegions'], ['West US 2', 'northeurope']);
  assert.deepEqual(old[1]?.['replicationRegions'], ['westus2']);
  assert.equal(old[1]?.['storageAccountType'], 'Standard_ZRS');
  for (const target of old) {
    for (const name of ['targetRegions', 'versioning', 'replicationMode', 'uri'])
      assert.ok(!(name in target), name);
  }
  const recent = objectsIn(propertiesAs('2024-02-01', completeLinuxBody), 'distribute');
  assert.ok(!('replicationRegions' in (recent[0] ?? {})));
  assert.deepEqual(recent[0]?.['versioning'], { scheme: 'Latest', major: 3 });
});

test('an object that has nothing left to say is not shown', () => {
  const shown = propertiesAs('2024-02-01', {
    ...completeLinuxBody,
    properties: {
      ...objectIn(completeLinuxBody, 'properties'),
      optimize: { workload: { state: 'Enabled' } },
    },
  });
  assert.ok(!('optimize' in shown));
});

const told: readonly (readonly [ApiVersion, string, string, string])[] = [
  ['2020-02-14', 'Customizing', 'Failed', 'Other'],
  ['2021-10-01', 'Customizing', 'Failed', 'Other'],
  ['2022-02-14', 'Customizing', 'Failed', 'BadStagingResourceGroup'],
  ['2022-07-01', 'Optimizing', 'Failed', 'BadStagingResourceGroup'],
  ['2023-07-01', 'Optimizing', 'Canceled', 'BadStagingResourceGroup'],
  ['2024-02-01', 'Optimizing', 'Canceled', 'BadStagingResourceGroup'],
  ['2025-10-01', 'Optimizing', 'Canceled', 'BadStagingResourceGroup'],
];
for (const [version, subState, provisioningState, code] of told) {
  test(`${version} tells states in its own words`, () => {
    const properties = propertiesAs(version, completeLinuxBody, {
      provisioningState: 'Canceled',
      provisioningError: { provisioningErrorCode: 'BadStagingResourceGroup', message: 'm' },
      exactStagingResourceGroup: '/subscriptions/s/resourceGroups/g',
      lastRunStatus: { runState: 'Running', runSubState: 'Optimizing', message: '' },
    });
    assert.equal(properties['provisioningState'], provisioningState);
    assert.equal(objectIn(properties, 'provisioningError')['provisioningErrorCode'], code);
    assert.equal(objectIn(properties, 'lastRunStatus')['runSubState'], subState);
    assert.equal('exactStagingResourceGroup' in properties, version >= '2022-02-14');
  });
}

test('what a client sends back of the service’s own fields is not kept', () => {
  const accepted = templateWires['2025-10-01'].accept({
    ...completeLinuxBody,
    id: '/forged',
    systemData: { createdBy: 'x' },
    properties: {
      ...objectIn(completeLinuxBody, 'properties'),
      provisioningState: 'Succeeded',
      lastRunStatus: {},
    },
  });
  assert.ok(accepted.ok);
  const document = documentOf(accepted.value);
  assert.deepEqual(Object.keys(document).sort(), ['identity', 'location', 'properties', 'tags']);
  const properties = objectIn(document, 'properties');
  assert.ok(!('provisioningState' in properties) && !('lastRunStatus' in properties));
  assert.ok(!('exactVersion' in objectIn(properties, 'source')));
  assert.equal(document['location'], 'westus2');
});

test('the oldest version can read back a storage type that newer ones would refuse without regions', () => {
  const target = {
    type: 'SharedImage',
    runOutputName: 'g',
    galleryImageId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/g/images/d',
    storageAccountType: 'Standard_ZRS',
  };
  const body = {
    ...completeWindowsBody,
    properties: { ...objectIn(completeWindowsBody, 'properties'), distribute: [target], vmProfile: {} },
  };
  for (const version of apiVersions) {
    const [shown] = objectsIn(propertiesAs(version, body, {}, '2020-02-14'), 'distribute');
    assert.equal(shown?.['storageAccountType'], version < '2022-07-01' ? 'Standard_ZRS' : undefined);
  }
});

function propertiesAs(
  view: ApiVersion,
  body: JsonObject,
  reported: JsonObject = {},
  sent: ApiVersion = '2025-10-01',
): JsonObject {
  const accepted = templateWires[sent].accept(body);
  assert.ok(accepted.ok, JSON.stringify(accepted));
  const document = documentOf(accepted.value);
  const properties = { ...objectIn(document, 'properties'), ...reported };
  const shown = showTemplate({ ...document, properties }, view)['properties'];
  assert.ok(isJsonObject(shown));
  return shown;
}
