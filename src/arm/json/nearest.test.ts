import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from './nearest.ts';

const names = ['type', 'name', 'scriptUri', 'sha256Checksum', 'inline', 'Shell', 'PowerShell', 'uri'];

const cases: readonly (readonly [string, string | undefined])[] = [
  ['scripturi', 'scriptUri'],
  ['SHELL', 'Shell'],
  ['scrptUri', 'scriptUri'],
  ['srciptUri', 'scriptUri'],
  ['sha256CheckSums', 'sha256Checksum'],
  ['inlin', 'inline'],
  ['url', 'uri'],
  ['Powershel', 'PowerShell'],
  ['banana', undefined],
  ['', undefined],
  ['x', undefined],
  ['scriptUri'.repeat(50), undefined],
];

for (const [word, expected] of cases) {
  test(`'${word.slice(0, 20)}' was meant to be ${expected ?? 'nothing known'}`, () => {
    assert.equal(nearest(word, names), expected);
  });
}

test('a name that differs only in case wins over one that is nearer in letters', () => {
  assert.equal(nearest('ABC', ['ABD', 'abc']), 'abc');
});
