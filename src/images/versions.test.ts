import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseVersion, formatVersion, newestBy, parseVersion, type ImageVersion } from './versions.ts';

const documented = '0.1.1 0.1.2 1.0.0 1.0.1 1.1.0 1.1.1 1.2.0 2.0.0 2.0.1 2.1.0'.split(' ').map(version);

const latest: readonly [major: number | undefined, expected: string][] = [
  [undefined, '2.1.1'],
  [2, '2.1.1'],
  [1, '1.2.1'],
  [0, '0.1.3'],
  [7, '7.0.1'],
];

for (const [major, expected] of latest) {
  test(`scheme Latest with major ${major ?? 'unset'} gives ${expected} in the documented example`, () => {
    assert.equal(formatVersion(chooseVersion({ scheme: 'Latest', major }, documented, undefined)), expected);
  });
}

test('the first version of an empty definition is 0.0.1', () => {
  assert.equal(formatVersion(chooseVersion({ scheme: 'Latest', major: undefined }, [], undefined)), '0.0.1');
});

const fromSource: readonly [source: string, expected: string][] = [
  ['0.20241004.1890', '0.20241004.1890'],
  ['22.04.202401010', '22.4.202401010'],
  ['9.4', '9.4.0'],
  ['12', '12.0.0'],
  ['1.2.3.4', '1.2.3'],
  ['2024-08-07', '2024.8.7'],
];

for (const [source, expected] of fromSource) {
  test(`scheme Source turns ${source} into ${expected}`, () => {
    assert.equal(formatVersion(chooseVersion({ scheme: 'Source' }, documented, source)), expected);
  });
}

test('scheme Source refuses a source without a usable version', () => {
  for (const source of [undefined, 'rolling', '20240101123456']) {
    assert.throws(() => chooseVersion({ scheme: 'Source' }, [], source), { code: 'DistributeFailed' });
  }
});

test('the last patch number has no successor', () => {
  assert.throws(
    () => chooseVersion({ scheme: 'Latest', major: undefined }, [version('1.0.2147483647')], undefined),
    { code: 'DistributeFailed' },
  );
});

test('only three 32-bit numbers are a version', () => {
  for (const text of ['1.2', '1.2.3.4', 'a.b.c', '1.2.2147483648', '-1.2.3', '1.2.3 ', '']) {
    assert.equal(parseVersion(text), undefined, text);
  }
  assert.deepEqual(parseVersion('22.04.1'), [22, 4, 1]);
});

test('versions compare as numbers and not as text', () => {
  const newest = newestBy(['1.9.0', '1.10.0', '1.2.0'], version);
  assert.equal(newest, '1.10.0');
});

function version(text: string): ImageVersion {
  return parseVersion(text) ?? assert.fail(`${text} is not a version`);
}
