import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GIB } from '../model/sizes.ts';
import { defaultVmSize, findVmSize, fitToHost } from './vm-sizes.ts';

const shapes: readonly (readonly [string, number, number])[] = [
  ['Standard_D1_v2', 1, 3.5],
  ['Standard_DS2_v2', 2, 7],
  ['Standard_D13_v2', 8, 56],
  ['Standard_D2ds_v4', 2, 8],
  ['Standard_D4s_v3', 4, 16],
  ['Standard_D8as_v5', 8, 32],
  ['Standard_D4ls_v5', 4, 8],
  ['Standard_E4s_v5', 4, 32],
  ['Standard_F4s_v2', 4, 8],
  ['Standard_B2ms', 2, 8],
  ['Standard_B2ts_v2', 2, 1],
  ['Standard_A1_v2', 1, 2],
  ['standard_d2DS_V4', 2, 8],
];

test('Azure sizes are known by name, in any case', () => {
  for (const [name, cpus, gib] of shapes) {
    const size = findVmSize(name);
    assert.deepEqual({ cpus: size?.cpus, gib: (size?.memoryBytes ?? 0) / GIB }, { cpus, gib }, name);
  }
});

test('names that are no x64 size are not known', () => {
  for (const name of [
    '',
    'big',
    'Standard_',
    'Standard_D0_v5',
    'Standard_D2ps_v5',
    'Standard_D2xyz_v5',
    'Standard_D999_v5',
  ]) {
    assert.equal(findVmSize(name), undefined, name);
  }
});

test('the default sizes of both generations are in the table', () => {
  assert.ok(findVmSize(defaultVmSize('V1')));
  assert.ok(findVmSize(defaultVmSize('V2')));
});

test('a smaller host clamps and says so, a larger one does not', () => {
  const size = { name: 'Standard_D8s_v3', cpus: 8, memoryBytes: 32 * GIB };
  const small = fitToHost(size, { cpus: 2, availableMemoryBytes: 5 * GIB });
  assert.deepEqual([small.cpus, small.memoryBytes], [2, 5 * GIB]);
  assert.match(
    small.clamped ?? '',
    /Standard_D8s_v3 has 8 vCPU and 32 GiB; this host can give 2 vCPU and 5\.0 GiB/,
  );
  assert.equal(fitToHost(size, { cpus: 64, availableMemoryBytes: 512 * GIB }).clamped, undefined);
});
