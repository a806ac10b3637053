/** `az vm image`: which platform images there are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { location } from '../templates.ts';
import type { QuickStart } from './quick-start.ts';

export function testCatalogue(quickStart: () => QuickStart): void {
  test('the catalogue of platform images is listed', async () => {
    using az = quickStart().az.lane();
    const wanted = ['--publisher', 'Debian', '--sku', '12', '--all', '-l', location];
    const urns = (await az.value('[].urn', 'vm', 'image', 'list', ...wanted)).split('\n');
    assert.ok(
      urns.some((urn) => urn.startsWith('Debian:debian-12:12:')),
      urns.join(),
    );
    const urn = ['--urn', 'Debian:debian-12:12-gen2:latest', '-l', location];
    assert.equal(await az.value('hyperVGeneration', 'vm', 'image', 'show', ...urn), 'V2');
  });
}
