import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CatalogueEntry } from '../../images/catalogue/catalogue-file.ts';
import { imageAliases } from './image-aliases.ts';

test('a short name stands for the first offer, in generation 2 where there is one', () => {
  const document = imageAliases([
    entry('Debian', 'debian-12', '12', 'V1'),
    entry('Debian', 'debian-12', '12-gen2', 'V2'),
    entry('Debian', 'debian-12-genericcloud', '12', 'V1'),
    entry('Canonical', '0001-com-ubuntu-server-jammy', '22_04-lts', 'V1'),
    entry('Me', 'appliance', 'latest', 'V2'),
  ]);
  assert.deepEqual(Reflect.get(document, 'outputs'), {
    aliases: {
      type: 'object',
      value: {
        Linux: {
          Debian12: shown('Debian', 'debian-12', '12-gen2'),
          Ubuntu2204: shown('Canonical', '0001-com-ubuntu-server-jammy', '22_04-lts'),
        },
        Windows: {},
      },
    },
  });
});

function shown(publisher: string, offer: string, sku: string): object {
  return { publisher, offer, sku, version: 'latest', architecture: 'x64' };
}

function entry(publisher: string, offer: string, sku: string, generation: 'V1' | 'V2'): CatalogueEntry {
  return {
    ...{ publisher, offer, sku, generation, version: 'rolling', osType: 'Linux', architecture: 'x64' },
    provisioning: 'azure',
    from: { kind: 'recipe', recipe: 'debian', release: 'bookworm', sizeGB: 30 },
  };
}
