import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf } from './vhd-target.ts';

const places: readonly [uri: string | undefined, path: string][] = [
  [undefined, '/out/run1.vhd'],
  ['', '/out/run1.vhd'],
  ['golden.vhd', '/out/golden.vhd'],
  ['/srv/images/golden.VHD', '/srv/images/golden.VHD'],
  ['file:///srv/my%20images/golden.vhd', '/srv/my images/golden.vhd'],
  ['https://acct.blob.core.windows.net/vhds/golden.vhd?sig=abc', '/out/golden.vhd'],
  ['https://acct.blob.core.windows.net/vhds/', '/out/run1.vhd'],
];

for (const [uri, path] of places) {
  test(`a VHD with uri ${String(uri)} goes to ${path}`, () => {
    assert.equal(placeOf({ runOutputName: 'run1', uri }, '/out').path, path);
  });
}

test('an http uri comes with a warning that names both places and no secret of the uri', () => {
  const uri = 'https://acct.blob.core.windows.net/vhds/golden.vhd?sig=abc';
  const { warnings } = placeOf({ runOutputName: 'run1', uri }, '/out');
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0] ?? '',
    /not uploaded to https:\/\/acct\..*golden\.vhd: it is at \/out\/golden\.vhd/,
  );
  assert.doesNotMatch(warnings[0] ?? '', /sig=/);
});

test('a blob name cannot lead out of the output folder', () => {
  for (const blob of ['..%2f..%2fetc%2fx.vhd', '%2e%2e', '.hidden.vhd']) {
    const { path } = placeOf({ runOutputName: 'run1', uri: `https://a.example/vhds/${blob}` }, '/out');
    assert.match(path, /^\/out\/[A-Za-z0-9_][^/]*\.vhd$/, path);
  }
});

test('places that are no VHD file are refused', () => {
  for (const uri of [
    '/etc/passwd',
    'ftp://host/x.vhd',
    'file://host/x.vhd',
    '/srv/.vhd',
    'a\0.vhd',
    'https://a/%ff',
  ]) {
    assert.throws(() => placeOf({ runOutputName: 'run1', uri }, '/out'), { code: 'DistributeFailed' }, uri);
  }
});
