import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isGalleryVersion,
  parseGalleryImageId,
  parseIdentityId,
  parseImageId,
  parseResourceGroupId,
  parseSubnetId,
} from './known-resource-ids.ts';

const group = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg';
const ids = {
  group,
  image: `${group}/providers/Microsoft.Compute/images/i`,
  definition: `${group}/providers/microsoft.compute/Galleries/G/Images/D`,
  version: `${group}/providers/Microsoft.Compute/galleries/G/images/D/versions/1.2.3`,
  subnet: `${group}/providers/Microsoft.Network/virtualNetworks/v/subnets/s`,
  identity: `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/u`,
};

const readers: readonly (readonly [string, (text: string) => unknown, readonly (keyof typeof ids)[]])[] = [
  ['resource group', parseResourceGroupId, ['group']],
  ['managed image', parseImageId, ['image']],
  ['gallery image', parseGalleryImageId, ['definition', 'version']],
  ['subnet', parseSubnetId, ['subnet']],
  ['identity', parseIdentityId, ['identity']],
];

for (const [what, read, accepted] of readers) {
  test(`the reader of ${what} ids takes these and no other ids`, () => {
    const taken = Object.entries(ids).filter(([, id]) => read(id) !== undefined);
    assert.deepEqual(
      taken.map(([name]) => name),
      accepted,
    );
  });
}

test('a gallery version id leads to its definition', () => {
  const id = parseGalleryImageId(ids.version);
  assert.equal(id?.definitionId, `${group}/providers/Microsoft.Compute/galleries/G/images/D`);
  assert.deepEqual([id.gallery, id.definition, id.version], ['G', 'D', '1.2.3']);
  assert.equal(parseGalleryImageId(ids.definition)?.version, undefined);
});

test('a subnet id leads to its virtual network', () => {
  const id = parseSubnetId(ids.subnet);
  assert.equal(id?.virtualNetworkId, `${group}/providers/Microsoft.Network/virtualNetworks/v`);
  assert.equal(id.subnet, 's');
});

test('a gallery version is three whole numbers that fit int32', () => {
  for (const good of ['0.0.1', '1.2.3', '2147483647.0.0', '0.24105.52755'])
    assert.ok(isGalleryVersion(good), good);
  for (const bad of [
    '',
    '1',
    '1.2',
    '1.2.3.4',
    'v1.2.3',
    '1.2.-3',
    '01.2.3',
    '1.2.2147483648',
    'latest',
    '1.2.3\n',
  ]) {
    assert.ok(!isGalleryVersion(bad), bad);
  }
});
