import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatUrn, parseImageRef } from './image-ref.ts';
import { formatImageResourceId, parseImageResourceId } from './resource-ids.ts';

const group = '/subscriptions/S1/resourceGroups/Rg/providers/Microsoft.Compute';

test('a URN without a version means latest', () => {
  const urn = { publisher: 'Debian', offer: 'debian-12', sku: '12-gen2', version: 'latest' };
  assert.deepEqual(parseImageRef('Debian:debian-12:12-gen2'), { kind: 'urn', urn });
  assert.equal(formatUrn(urn), 'Debian:debian-12:12-gen2:latest');
});

test('an ARM id is understood in any case and keeps its own', () => {
  const id = `${group.toUpperCase()}/GALLERIES/G/IMAGES/Web/VERSIONS/1.2.3`;
  const parsed = parseImageResourceId(id);
  assert.equal(parsed?.kind === 'GalleryVersion' && parsed.definition, 'Web');
  assert.deepEqual(parseImageRef(id), { kind: 'id', id: parsed });
});

test('ids survive a round trip', () => {
  for (const id of [
    `${group}/images/i`,
    `${group}/galleries/g/images/d`,
    `${group}/galleries/g/images/d/versions/1.0.0`,
  ]) {
    const parsed = parseImageResourceId(id);
    assert.equal(parsed && formatImageResourceId(parsed), id);
  }
});

test('ids of other resources are not image ids', () => {
  for (const id of [
    `${group}/disks/d`,
    `${group}/images/`,
    `${group}/images/a/b`,
    '/',
    `${group}/galleries/g`,
  ]) {
    assert.equal(parseImageResourceId(id), undefined, id);
  }
});

test('short forms name managed images, gallery versions and digests', () => {
  assert.deepEqual(parseImageRef('web'), { kind: 'name', name: 'web' });
  assert.deepEqual(parseImageRef('g/d'), {
    kind: 'gallery',
    gallery: 'g',
    definition: 'd',
    version: undefined,
  });
  assert.deepEqual(parseImageRef('g/d/1.0.0'), {
    kind: 'gallery',
    gallery: 'g',
    definition: 'd',
    version: '1.0.0',
  });
  assert.deepEqual(parseImageRef('gs1-sha256:ABC1'), { kind: 'digest', prefix: 'abc1' });
});

test('what names nothing is refused', () => {
  for (const text of ['', 'a:b', 'a:b:c:d:e', '::', '/x', 'a/', 'a/b/', 'a/b/c/d', 'a:b::']) {
    assert.throws(() => parseImageRef(text), { code: 'BadUsage' }, text);
  }
});
