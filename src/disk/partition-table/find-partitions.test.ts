import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isGoldsmithError } from '../../model/errors.ts';
import { MIB } from '../../model/sizes.ts';
import { detectGeneration } from './detect-generation.ts';
import { findPartitions, readPartitionTable } from './find-partitions.ts';
import { gptTypes } from './partition.ts';
import { writeGpt } from './write-gpt.ts';

const folder = mkdtempSync(join(tmpdir(), 'partition-table-'));
after(() => rmSync(folder, { recursive: true }));

const SIZE = 64 * MIB;
let counter = 0;

interface DiskPart {
  readonly type: string;
  readonly at: number;
}

async function makeDisk(content: {
  readonly gpt?: readonly DiskPart[];
  readonly bytes?: readonly (readonly [offset: number, bytes: Buffer])[];
}): Promise<string> {
  counter += 1;
  const path = join(folder, `${counter}.raw`);
  writeFileSync(path, '');
  truncateSync(path, SIZE);
  if (content.gpt !== undefined) {
    await writeGpt(path, SIZE, {
      diskGuid: '00112233-4455-6677-8899-aabbccddeeff',
      partitions: content.gpt.map(({ type, at }, index) => ({
        number: index + 1,
        typeGuid: type,
        partitionGuid: `00112233-4455-6677-8899-aabbccddee0${index}`,
        name: `part ${index + 1}`,
        firstSector: at,
        lastSector: at + 2047,
      })),
    });
  }
  const file = await open(path, 'r+');
  for (const [offset, bytes] of content.bytes ?? []) await file.write(bytes, 0, bytes.length, offset);
  await file.close();
  return path;
}

function mbrTable(
  ...entries: readonly { type: number; first: number; count: number; active?: boolean }[]
): Buffer {
  const bytes = Buffer.alloc(66);
  for (const [index, entry] of entries.entries()) {
    bytes[index * 16] = entry.active === true ? 0x80 : 0;
    bytes[index * 16 + 4] = entry.type;
    bytes.writeUInt32LE(entry.first, index * 16 + 8);
    bytes.writeUInt32LE(entry.count, index * 16 + 12);
  }
  bytes.set([0x55, 0xaa], 64);
  return bytes;
}

const esp = { type: gptTypes.efiSystem, at: 2048 };
const biosBoot = { type: gptTypes.biosBoot, at: 4096 };
const root = { type: gptTypes.linuxRootX64, at: 8192 };
const bootCode = [0, Buffer.from([0xeb, 0x63, 0x90])] as const;

test('partitions of a written GPT are found with their place, size, kind and name', async () => {
  const path = await makeDisk({ gpt: [esp, root] });
  assert.deepEqual(
    (await findPartitions(path)).map(({ number, kind, startBytes, sizeBytes, name }) => [
      number,
      kind,
      startBytes,
      sizeBytes,
      name,
    ]),
    [
      [1, 'efi-system', MIB, MIB, 'part 1'],
      [2, 'linux', 4 * MIB, MIB, 'part 2'],
    ],
  );
});

test('the backup table is used when the primary one is damaged', async () => {
  const path = await makeDisk({ gpt: [esp], bytes: [[512 + 60, Buffer.from([0xff])]] });
  assert.equal((await findPartitions(path)).length, 1);
});

test('a disk whose two GPT copies are damaged has no table', async () => {
  const damage = Buffer.from([0xff]);
  const path = await makeDisk({
    gpt: [esp],
    bytes: [
      [512 + 60, damage],
      [SIZE - 512 + 60, damage],
    ],
  });
  assert.equal((await readPartitionTable(path)).scheme, 'none');
});

test('a fixed VHD footer behind the disk does not hide the backup table', async () => {
  const path = await makeDisk({
    gpt: [esp],
    bytes: [
      [512 + 60, Buffer.from([0xff])],
      [SIZE, Buffer.alloc(512, 1)],
    ],
  });
  assert.equal((await findPartitions(path, SIZE)).length, 1);
  assert.equal((await findPartitions(path)).length, 0);
});

test('primary and logical MBR partitions are found and a chain that loops ends', async () => {
  const path = await makeDisk({
    bytes: [
      [
        446,
        mbrTable(
          { type: 0x83, first: 2048, count: 2048, active: true },
          { type: 5, first: 8192, count: 8192 },
        ),
      ],
      [
        8192 * 512 + 446,
        mbrTable({ type: 0x83, first: 64, count: 100 }, { type: 5, first: 1024, count: 200 }),
      ],
      [
        (8192 + 1024) * 512 + 446,
        mbrTable({ type: 0x82, first: 64, count: 100 }, { type: 5, first: 1024, count: 200 }),
      ],
    ],
  });
  const found = await findPartitions(path);
  assert.deepEqual(
    found.slice(0, 4).map(({ number, typeId }) => [number, typeId]),
    [
      [1, '0x83'],
      [2, '0x05'],
      [5, '0x83'],
      [6, '0x82'],
    ],
  );
  assert.ok(found.length <= 64);
});

test('garbage of any kind is an answer, not an exception', async () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    let state = seed;
    const noise = Buffer.from(
      Array.from({ length: 20_000 }, () => ((state = (state * 1_103_515_245 + 12_345) >>> 1) >>> 16) & 255),
    );
    noise.write('EFI PART', 512, 'latin1');
    noise.set([0x55, 0xaa], 510);
    const path = await makeDisk({ bytes: [[0, noise]] });
    const table = await readPartitionTable(path);
    assert.ok(['none', 'mbr'].includes(table.scheme));
    assert.equal((await detectGeneration(path, SIZE)).generation, 'V1');
  }
});

test('a header that claims a huge table is not followed', async () => {
  const path = await makeDisk({ gpt: [esp] });
  const file = await open(path, 'r+');
  await file.write(Buffer.from([0xff, 0xff, 0xff, 0xff]), 0, 4, 512 + 80);
  await file.close();
  assert.equal((await readPartitionTable(path)).scheme, 'gpt'); // from the intact backup
});

test('a file shorter than a sector has no table and a missing file is an error of the source', async () => {
  const path = join(folder, 'short.raw');
  writeFileSync(path, 'x');
  assert.equal((await readPartitionTable(path)).scheme, 'none');
  await assert.rejects(findPartitions(join(folder, 'missing.raw')), (error) =>
    isGoldsmithError(error, 'SourceInvalid'),
  );
  await assert.rejects(findPartitions(folder), (error) => isGoldsmithError(error, 'SourceInvalid'));
});

const generations: readonly {
  readonly disk: string;
  readonly content: Parameters<typeof makeDisk>[0];
  readonly expected: 'V1' | 'V2';
}[] = [
  { disk: 'only an EFI system partition', content: { gpt: [esp, root] }, expected: 'V2' },
  {
    disk: 'a BIOS boot partition and boot code',
    content: { gpt: [biosBoot, root], bytes: [bootCode] },
    expected: 'V1',
  },
  { disk: 'both boot paths', content: { gpt: [esp, biosBoot, root], bytes: [bootCode] }, expected: 'V1' },
  { disk: 'a BIOS boot partition but no boot code', content: { gpt: [esp, biosBoot, root] }, expected: 'V2' },
  {
    disk: 'boot code that has nothing to load',
    content: { gpt: [esp, root], bytes: [bootCode] },
    expected: 'V2',
  },
  { disk: 'no boot path at all', content: { gpt: [root] }, expected: 'V1' },
  {
    disk: 'an MBR with an EFI system partition and no boot code',
    content: { bytes: [[446, mbrTable({ type: 0xef, first: 2048, count: 2048 })]] },
    expected: 'V2',
  },
  {
    disk: 'an MBR with boot code',
    content: { bytes: [bootCode, [446, mbrTable({ type: 0x83, first: 2048, count: 2048, active: true })]] },
    expected: 'V1',
  },
  { disk: 'nothing', content: {}, expected: 'V1' },
];

for (const { disk, content, expected } of generations) {
  test(`a disk with ${disk} is ${expected}`, async () => {
    assert.equal((await detectGeneration(await makeDisk(content), SIZE)).generation, expected);
  });
}

test('the caller decides about a disk with both boot paths, and only about that', async () => {
  const both = await makeDisk({ gpt: [esp, biosBoot, root], bytes: [bootCode] });
  assert.equal((await detectGeneration(both, SIZE, { bootsBothWays: 'V2' })).generation, 'V2');
  const bios = await makeDisk({ gpt: [biosBoot, root], bytes: [bootCode] });
  assert.equal((await detectGeneration(bios, SIZE, { bootsBothWays: 'V2' })).generation, 'V1');
});
