import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { MIB } from '../../model/sizes.ts';
import { decodeGuid, encodeGuid, guidFromDigest } from './guid.ts';
import { gptTypes } from './partition.ts';
import { encodeGpt, type GptPartition } from './write-gpt.ts';

const DISK_GUID = '00112233-4455-6677-8899-aabbccddeeff';
const SIZE = 64 * MIB;

function partition(over: Partial<GptPartition> = {}): GptPartition {
  return {
    number: 1,
    typeGuid: gptTypes.linuxRootX64,
    partitionGuid: DISK_GUID,
    name: 'root',
    firstSector: 2048,
    lastSector: 4095,
    ...over,
  };
}

test('a GUID is stored with its first three fields little-endian and read back the same', () => {
  const stored = encodeGuid(DISK_GUID);
  assert.equal(stored.toString('hex'), '33221100554477668899aabbccddeeff');
  assert.equal(decodeGuid(stored, 0), DISK_GUID);
  assert.throws(() => encodeGuid('no guid'), TypeError);
});

test('a GUID from a digest has the custom version and the standard variant', () => {
  assert.match(guidFromDigest(Buffer.alloc(32, 0xff)), /^ffffffff-ffff-8fff-bfff-ffffffffffff$/);
});

test('both headers carry right checksums and point at each other', () => {
  const pieces = encodeGpt(SIZE, { diskGuid: DISK_GUID, partitions: [partition()] });
  const last = SIZE / 512 - 1;
  for (const [own, other] of [
    [1, last],
    [last, 1],
  ] as const) {
    const header = Buffer.from(pieces.find((piece) => piece.offsetBytes === own * 512)?.bytes ?? []);
    assert.equal(header.toString('latin1', 0, 8), 'EFI PART');
    assert.equal(header.readBigUInt64LE(24), BigInt(own));
    assert.equal(header.readBigUInt64LE(32), BigInt(other));
    const stored = header.readUInt32LE(16);
    header.writeUInt32LE(0, 16);
    assert.equal(crc32(header.subarray(0, 92)), stored);
  }
});

test('a layout that overlaps, leaves the disk or repeats a number is refused', () => {
  const encode = (...partitions: GptPartition[]): unknown =>
    encodeGpt(SIZE, { diskGuid: DISK_GUID, partitions });
  assert.throws(
    () => encode(partition(), partition({ number: 2, firstSector: 4095, lastSector: 5000 })),
    RangeError,
  );
  assert.throws(() => encode(partition({ lastSector: SIZE / 512 })), RangeError);
  assert.throws(() => encode(partition({ firstSector: 33 })), RangeError);
  assert.throws(() => encode(partition(), partition({ firstSector: 5000, lastSector: 5001 })), RangeError);
  assert.throws(() => encode(partition({ number: 129 })), RangeError);
});
