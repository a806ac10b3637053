/** Hundreds of images with damaged headers: each is imported or refused, soon, and none brings host data along. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../../host/command.ts';
import { isGoldsmithError } from '../../model/errors.ts';
import { GIB, MIB } from '../../model/sizes.ts';
import { writePatternedDisk } from '../testing/patterned-disk.ts';
import { scratchFolder } from '../testing/scratch-folder.ts';
import { vhdChecksum } from '../vhd-footer.ts';
import { importToRaw } from './import-to-raw.ts';

const SECRET = 'the host keeps this to itself';
const MUTANTS_PER_FORMAT = 80;

/** Where the headers of each format are: [offset, length]. */
const formats: readonly {
  readonly format: string;
  readonly areas: readonly (readonly [number, number])[];
}[] = [
  { format: 'qcow2', areas: [[4, 400]] },
  {
    format: 'vmdk',
    areas: [
      [4, 80],
      [512, 500],
    ],
  },
  {
    format: 'vhdx',
    areas: [
      [65_536, 80],
      [196_608, 100],
      [262_144, 100],
      [2_097_152, 300],
    ],
  },
  {
    format: 'vpc',
    areas: [
      [8, 100],
      [512, 100],
    ],
  },
];

for (const { format, areas } of formats) {
  test(`${MUTANTS_PER_FORMAT} damaged ${format} images are imported or refused`, async (t) => {
    const folder = scratchFolder(t);
    const [raw, seed, secret] = [join(folder, 'disk.raw'), join(folder, 'seed'), join(folder, 's')];
    writePatternedDisk(raw, 2 * MIB);
    writeFileSync(secret, Buffer.alloc(MIB, SECRET), { mode: 0o644 });
    await runCommand(['qemu-img', 'convert', '-f', 'raw', '-O', format, raw, seed]);
    const original = readFileSync(seed);
    let imported = 0;
    for (let number = 0; number < MUTANTS_PER_FORMAT; number += 1) {
      const [image, dest] = [join(folder, 'image'), join(folder, 'imported.raw')];
      writeFileSync(image, mutate(original, areas, `${format} ${number}`, secret));
      try {
        // Beyond a gigabyte the point is made, and the test need not read so much.
        const signal = AbortSignal.timeout(60_000);
        await importToRaw(image, dest, { signal, maxVirtualSizeBytes: GIB });
        imported += 1;
        assert.ok(!readFileSync(dest).includes(SECRET), `mutant ${number} leaked`);
      } catch (error) {
        assert.ok(isGoldsmithError(error, 'ImageRefused'), `mutant ${number}: ${String(error)}`);
        assert.ok(!error.message.includes(SECRET));
        assert.ok(!existsSync(dest));
      }
      rmSync(dest, { force: true });
      assert.deepEqual(readdirSync(folder).toSorted(), ['disk.raw', 'image', 's', 'seed']);
    }
    t.diagnostic(`${imported} imported, ${MUTANTS_PER_FORMAT - imported} refused`);
  });
}

/** One to four changes inside the header areas; the same label gives the same mutant. */
function mutate(
  original: Buffer,
  areas: readonly (readonly [number, number])[],
  label: string,
  secretPath: string,
): Buffer {
  const image = Buffer.from(original);
  const dice = createHash('shake256', { outputLength: 64 }).update(label).digest();
  const changes = 1 + (dice.readUInt8(0) % 4);
  for (let change = 0; change < changes; change += 1) {
    const roll = dice.subarray(1 + change * 12, 13 + change * 12);
    const [start, length] = areas[roll.readUInt8(0) % areas.length] ?? [0, 1];
    const offset = start + (roll.readUInt16BE(1) % length);
    switch (roll.readUInt8(3) % 5) {
      case 0:
        image[offset] = (image[offset] ?? 0) ^ (1 << (roll.readUInt8(4) % 8));
        break;
      case 1:
        image.writeUInt32BE(roll.readUInt32BE(4), offset & ~3);
        break;
      case 2:
        image.fill(0xff, offset & ~7, (offset & ~7) + 8);
        break;
      case 3:
        image.fill(0, offset & ~7, (offset & ~7) + 8);
        break;
      default:
        image.write(`${secretPath}\0`, offset, 'latin1');
    }
  }
  repairVhdChecksums(image);
  return image;
}

/** Damage behind a right checksum gets further into a reader. */
function repairVhdChecksums(image: Buffer): void {
  if (image.toString('latin1', 0, 8) !== 'conectix') return;
  const footer = image.subarray(0, 512);
  footer.writeUInt32BE(vhdChecksum(footer, 64), 64);
  const header = image.subarray(512, 1536);
  header.writeUInt32BE(vhdChecksum(header, 36), 36);
}
