import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { JsonObject } from '../../../model/json.ts';
import { apiVersions, templateWires, type ApiVersion } from '../../api-versions/supported.ts';
import { damagedTemplate, pick, randomNumbers } from '../../testing/damaged-templates.ts';
import { completeLinuxBody, completeWindowsBody } from '../../testing/template-bodies.ts';
import { objectIn, objectsIn } from './edit.ts';
import { documentOf, templateOf, type TemplateDocument } from './template-document.ts';
import { updateTemplate } from './template-update.ts';

const linux = kept(completeLinuxBody);
const windows = kept(completeWindowsBody);
const identities =
  '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities';
const [oldIdentity = ''] = Object.keys(objectIn(objectIn(linux, 'identity'), 'userAssignedIdentities'));

suite('what each version can update', () => {
  const since: readonly (readonly [string, JsonObject, ApiVersion])[] = [
    ['tags', { tags: { a: 'b' } }, '2020-02-14'],
    ['properties.distribute', { properties: { distribute: distributeOf(linux) } }, '2023-07-01'],
    ['properties.vmProfile', { properties: { vmProfile: { vmSize: 'Standard_D4s_v3' } } }, '2024-02-01'],
  ];
  for (const [what, body, first] of since) {
    for (const version of apiVersions) {
      test(`${version} ${version >= first ? 'takes' : 'does not take'} ${what}`, () => {
        // Older versions have fewer words for targets; they get those they know.
        const isFull = version === '2025-10-01' || what !== 'properties.distribute';
        const updated = updateTemplate(linux, isFull ? body : withoutMode(body), version);
        const isStrict = version >= '2024-02-01';
        if (version >= first) assert.ok(updated.ok, JSON.stringify(updated));
        else if (isStrict) assert.ok(!updated.ok);
        else assert.ok(updated.ok && JSON.stringify(updated.document) === JSON.stringify(linux));
      });
    }
  }
});

test('tags are replaced as a whole, and nothing else changes', () => {
  const updated = updateTemplate(linux, { tags: { new: '1' } }, '2022-02-14');
  assert.ok(updated.ok);
  assert.deepEqual(updated.document, { ...linux, tags: { new: '1' } });
});

suite('identity', () => {
  const cases: readonly (readonly [string, JsonObject, readonly string[] | RegExp])[] = [
    ['None removes it', { type: 'None' }, []],
    ['null removes one', { type: 'None', userAssignedIdentities: { [oldIdentity]: null } }, []],
    ['an old one out and a new one in', swap(oldIdentity), [`${identities}/new`]],
    ['case does not matter, and the first spelling stays', again(oldIdentity.toUpperCase()), [oldIdentity]],
    ['a second one is refused', again(`${identities}/second`), /at most one/],
    ['what is no identity is refused', again('/nonsense'), /bad value/],
    [
      'None with one is refused',
      { type: 'None', userAssignedIdentities: { [oldIdentity]: {} } },
      /cannot be used/,
    ],
  ];
  for (const [what, identity, expected] of cases) {
    test(what, () => {
      const updated = updateTemplate(linux, { identity }, '2022-02-14');
      if (expected instanceof RegExp) {
        assert.ok(!updated.ok);
        assert.match(updated.issues[0]?.message ?? '', expected);
      } else {
        assert.ok(updated.ok, JSON.stringify(updated));
        assert.deepEqual(templateOf(updated.document, 'n').identity.userAssignedIdentities, expected);
      }
    });
  }
});

suite('targets', () => {
  test('a target that is not listed is named in the words of Azure', () => {
    const [first] = objectsIn(objectIn(linux, 'properties'), 'distribute');
    const updated = updateTemplate(linux, { properties: { distribute: [first ?? {}] } }, '2025-10-01');
    assert.ok(!updated.ok);
    assert.deepEqual(
      updated.issues.map(({ message }) => message),
      ['uniform', 'disk'].map(
        (name) =>
          `Distribute target with Runoutput name ${name} not found in the update request. Deleting a distribution target is not allowed.`,
      ),
    );
  });
  test('what the version of the update has no word for stays', () => {
    const updated = updateTemplate(
      linux,
      withoutMode({ properties: { distribute: distributeOf(linux) } }),
      '2023-07-01',
    );
    assert.ok(updated.ok, JSON.stringify(updated));
    assert.deepEqual(templateOf(updated.document, 'n'), templateOf(linux, 'n'));
  });
  test('a missing field is named with its place', () => {
    const targets = distributeOf(linux).map((target) => ({
      ...target,
      uri: undefined,
      galleryImageId: undefined,
    }));
    const body: unknown = JSON.parse(JSON.stringify({ properties: { distribute: targets } }));
    const updated = updateTemplate(linux, body, '2025-10-01');
    assert.ok(!updated.ok);
    assert.equal(updated.issues[0]?.path, '$.properties.distribute[0].galleryImageId');
    assert.match(updated.issues[0]?.message ?? '', /^Missing field 'galleryImageId'/);
  });
});

suite('build VM', () => {
  test('given fields change, the others stay, inside vnetConfig too', () => {
    const subnetId =
      '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/x';
    const vmProfile = { osDiskSizeGB: 127, vnetConfig: { subnetId } };
    const updated = updateTemplate(windows, { properties: { vmProfile } }, '2024-02-01');
    assert.ok(updated.ok, JSON.stringify(updated));
    const before = templateOf(windows, 'n').vmProfile;
    assert.deepEqual(templateOf(updated.document, 'n').vmProfile, {
      ...before,
      osDiskSizeGB: 127,
      vnetConfig: { ...before.vnetConfig, subnetId },
    });
  });
  test('the size of the proxy VM cannot change', () => {
    const vmProfile = { vnetConfig: { proxyVmSize: 'Standard_A4_v2' } };
    const updated = updateTemplate(windows, { properties: { vmProfile } }, '2025-10-01');
    assert.ok(!updated.ok);
    assert.equal(updated.issues[0]?.path, '$.properties.vmProfile.vnetConfig.proxyVmSize');
  });
});

test('thousands of damaged updates are refused with a path, or leave a template that can be read', () => {
  const random = randomNumbers(19);
  const bodies = [
    { identity: swap(oldIdentity), tags: { a: 'b' } },
    {
      properties: {
        distribute: distributeOf(linux),
        vmProfile: objectIn(objectIn(linux, 'properties'), 'vmProfile'),
      },
    },
  ].map((body) => JSON.stringify(body));
  let taken = 0;
  for (let round = 0; round < 3000; round += 1) {
    const updated = updateTemplate(linux, damagedTemplate(random, bodies), pick(apiVersions, random));
    if (updated.ok) {
      taken += 1;
      templateOf(updated.document, 'n');
    } else {
      for (const { path, message } of updated.issues) assert.ok(path.startsWith('$') && message.length > 0);
    }
  }
  assert.ok(taken > 300, `only ${taken} of 3000 were taken`);
});

function kept(body: JsonObject): TemplateDocument {
  const accepted = templateWires['2025-10-01'].accept(body);
  assert.ok(accepted.ok);
  return documentOf(accepted.value);
}

function distributeOf(document: TemplateDocument): readonly JsonObject[] {
  return objectsIn(objectIn(document, 'properties'), 'distribute');
}

function withoutMode(body: JsonObject): unknown {
  return JSON.parse(JSON.stringify(body), (key, value: unknown) =>
    key === 'replicationMode' ? undefined : value,
  );
}

function swap(old: string): JsonObject {
  return { type: 'UserAssigned', userAssignedIdentities: { [old]: null, [`${identities}/new`]: {} } };
}

function again(id: string): JsonObject {
  return { type: 'UserAssigned', userAssignedIdentities: { [id]: {} } };
}
