import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoldsmithError } from '../model/errors.ts';
import { GIB, MIB } from '../model/sizes.ts';
import { makeFixedVhdFooter, parseVhdFooter } from './vhd-footer.ts';

const input = {
  sizeBytes: 2 * GIB,
  createdAtMs: Date.UTC(2024, 0, 2, 3, 4, 5),
  uniqueId: '01234567-89ab-cdef-0123-456789abcdef',
};

test('a footer says what went in', () => {
  assert.deepEqual(parseVhdFooter(makeFixedVhdFooter(input)), {
    diskType: 'fixed',
    currentSizeBytes: 2 * GIB,
    dataOffset: undefined,
    creator: 'win ',
    createdAtMs: input.createdAtMs,
    uniqueId: input.uniqueId,
  });
});

test('every field is at its place', () => {
  const footer = makeFixedVhdFooter(input);
  assert.equal(footer.length, 512);
  assert.equal(
    footer.toString('hex', 0, 28),
    // cookie, features, version, data offset, 757479845 seconds since 2000
    '636f6e6563746978_00000002_00010000_ffffffffffffffff_2d2639a5'.replaceAll('_', ''),
  );
  assert.equal(footer.toString('latin1', 28, 32) + footer.toString('latin1', 36, 40), 'win Wi2k');
  assert.equal(footer.readBigUInt64BE(40), 2n ** 31n);
  assert.equal(footer.readUInt32BE(60), 2);
  assert.deepEqual([footer.readUInt16BE(56), footer[58], footer[59]], [4161, 16, 63]);
  assert.ok(footer.subarray(84).every((byte) => byte === 0));
});

test('the geometry follows the size through all four cases', () => {
  const geometry = (sizeBytes: number): number[] => {
    const footer = makeFixedVhdFooter({ ...input, sizeBytes });
    return [footer.readUInt16BE(56), footer.readUInt8(58), footer.readUInt8(59)];
  };
  assert.deepEqual(geometry(MIB), [30, 4, 17]);
  assert.deepEqual(geometry(200 * MIB), [825, 16, 31]);
  assert.deepEqual(geometry(30 * GIB), [62415, 16, 63]);
  assert.deepEqual(geometry(1024 * GIB), [65535, 16, 255]);
});

test('any changed byte is noticed', () => {
  for (let offset = 0; offset < 512; offset += 7) {
    const footer = makeFixedVhdFooter(input);
    footer[offset] = (footer[offset] ?? 0) ^ 0x10;
    assert.throws(
      () => parseVhdFooter(footer),
      (error) => isGoldsmithError(error, 'ImageRefused'),
    );
  }
});

test('a size that is not whole MiB is refused', () => {
  // The last one is whole MiB, but past what a number holds exactly.
  for (const sizeBytes of [0, -MIB, MIB + 512, 1.5, Number.NaN, 2 ** 60]) {
    assert.throws(() => makeFixedVhdFooter({ ...input, sizeBytes }), /whole number of MiB/);
  }
});
