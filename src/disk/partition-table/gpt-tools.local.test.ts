/** The table as other programs see it: sgdisk and sfdisk. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCommand } from '../../host/command.ts';
import { GIB } from '../../model/sizes.ts';
import { deriveIds, layoutOf } from '../recipes/debian/disk-layout.ts';
import { findPartitions } from './find-partitions.ts';
import { writeGpt } from './write-gpt.ts';

const folder = mkdtempSync(join(tmpdir(), 'gpt-tools-'));
after(() => rmSync(folder, { recursive: true }));

function emptyDisk(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, '');
  truncateSync(path, 4 * GIB);
  return path;
}

for (const generation of ['V1', 'V2'] as const) {
  test(`sgdisk finds no problem in the ${generation} layout`, async () => {
    const path = emptyDisk(`${generation}.raw`);
    await writeGpt(path, 4 * GIB, layoutOf(generation, 4 * GIB, deriveIds('ab', generation, 4 * GIB)));
    const { stdout } = await runCommand(['sgdisk', '-v', path]);
    assert.match(stdout, /No problems found/);
  });
}

for (const label of ['gpt', 'dos']) {
  test(`a ${label} table made by sfdisk is read as sfdisk meant it`, async () => {
    const path = emptyDisk(`sfdisk-${label}.raw`);
    const type = label === 'gpt' ? 'U' : 'ef';
    await runCommand(['sfdisk', '-q', path], {
      input: `label: ${label}\n1 : start=2048, size=204800, type=${type}\n2 : start=206848, size=409600, type=L\n`,
    });
    const found = await findPartitions(path);
    assert.deepEqual(
      found.map(({ number, kind, startBytes, sizeBytes }) => [
        number,
        kind,
        startBytes / 512,
        sizeBytes / 512,
      ]),
      [
        [1, 'efi-system', 2048, 204_800],
        [2, 'linux', 206_848, 409_600],
      ],
    );
  });
}
