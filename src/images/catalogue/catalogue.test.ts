import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatUrn } from '../image-ref.ts';
import { catalogueFile, entriesOf, loadCatalogue, newestEntry } from './catalogue.ts';
import { parseCatalogue } from './catalogue-file.ts';

const valid = {
  publisher: 'Me',
  offer: 'mine',
  sku: 'one',
  version: '1.0.0',
  generation: 'V2',
  osType: 'Linux',
  provisioning: 'nocloud',
  from: { url: 'https://images.example/disk.qcow2', sha256: 'AB'.repeat(32) },
};

test('the built-in catalogue is valid and has both generations of Debian', () => {
  withHome((home) => {
    const urns = loadCatalogue(home).map(formatUrn);
    for (const sku of ['debian-12:12', 'debian-12:12-gen2', 'debian-13:13', 'debian-13:13-gen2']) {
      assert.ok(urns.includes(`Debian:${sku}:rolling`), sku);
    }
    assert.equal(new Set(urns.map((urn) => urn.toLowerCase())).size, urns.length);
  });
});

test('the user file replaces by URN in any case and adds what is new', () => {
  withHome((home) => {
    const count = loadCatalogue(home).length;
    const own = { ...valid, publisher: 'debian', offer: 'Debian-12', sku: '12', version: 'rolling' };
    writeFileSync(catalogueFile(home), JSON.stringify({ images: [valid, own] }));
    const catalogue = loadCatalogue(home);
    assert.equal(catalogue.length, count + 1);
    const [entry] = entriesOf(catalogue, { publisher: 'Debian', offer: 'debian-12', sku: '12' });
    assert.deepEqual(entry?.from, {
      kind: 'url',
      url: valid.from.url,
      checksum: { algorithm: 'sha256', hex: 'ab'.repeat(32) },
      format: undefined,
    });
  });
});

test('every problem of the user file is reported with its place', () => {
  const { issues } = parseCatalogue(
    JSON.stringify({
      images: [
        { ...valid, generation: 'V3', extra: 1 },
        { ...valid, from: { url: 'file:///etc/shadow', sha512: 'xyz' } },
        {
          ...valid,
          from: { url: 'https://images.example/disk', sha256: '0'.repeat(64), checksumsUrl: 'https://x/y' },
        },
        { ...valid, from: { recipe: 'debian', release: 'buster' } },
        { ...valid, version: 'latest', offer: 'a:b', from: 'here' },
        42,
      ],
    }),
  );
  assert.deepEqual(
    new Set(issues.map(({ path, code }) => `${path} ${code}`)),
    new Set([
      '$.images[0].generation BadValue',
      '$.images[0] UnknownField',
      '$.images[1].from.url BadValue',
      '$.images[1].from.sha512 BadValue',
      '$.images[2].from BadValue',
      '$.images[3].from.release BadValue',
      '$.images[4].version BadValue',
      '$.images[4].offer BadValue',
      '$.images[4].from BadValue',
      '$.images[5] BadValue',
    ]),
  );
});

test('a user file that is not JSON stops with its name', () => {
  withHome((home) => {
    writeFileSync(catalogueFile(home), '{ images: }');
    assert.throws(() => loadCatalogue(home), { code: 'BadUsage', message: /catalogue\.json is not valid/ });
  });
});

test('the newest of fixed versions is the highest number, and a rolling entry comes before them', () => {
  const { entries } = parseCatalogue(
    JSON.stringify({ images: ['1.9.0', '1.10.0'].map((version) => ({ ...valid, version })) }),
  );
  assert.equal(newestEntry(entries)?.version, '1.10.0');
  const rolling = parseCatalogue(JSON.stringify({ images: [{ ...valid, version: 'rolling' }] })).entries;
  assert.equal(newestEntry([...entries, ...rolling])?.version, 'rolling');
});

function withHome(act: (home: { root: string }) => void): void {
  const root = mkdtempSync(join(tmpdir(), 'catalogue-'));
  try {
    act({ root });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
