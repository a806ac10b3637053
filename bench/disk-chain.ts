/** A chain of layers as builds leave it: a base image, what the first boot wrote, what the scripts wrote. */
import { randomFillSync } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { DiskLayer } from '../src/disk/layers/chain.ts';
import { createLayer } from '../src/disk/layers/create-layer.ts';
import { randomNumbers, writeNoise, writeThroughChain } from '../src/disk/layers/testing/random-writes.ts';
import type { BuildUser } from '../src/host/build-user.ts';
import { GIB, KIB, MIB } from '../src/model/sizes.ts';

/** The base is this large; upper layers may be larger. */
const BASE_BYTES = 3 * GIB;
/** File systems gather their small changes: inodes, directories, bitmaps, the journal. */
const SMALL_CHANGES_BYTES = 200 * MIB;

/**
 * About 800 MiB of data in three files: files of some size in pieces of MiB, and 4000 writes of single blocks of
 * 4 KiB over the first part of the disk.
 */
export async function makeChain(
  folder: string,
  sizeBytes: number,
  options: { readonly user: BuildUser; readonly signal: AbortSignal },
): Promise<readonly DiskLayer[]> {
  const base = join(folder, 'base.raw');
  writeBase(base);
  const noise = join(folder, 'noise');
  writeNoise(noise, 'bench');
  const layers: DiskLayer[] = [{ path: base, format: 'raw' }];
  for (const name of ['boot', 'step']) {
    const path = join(folder, `${name}.qcow2`);
    await createLayer(path, sizeBytes, options);
    layers.push({ path, format: 'qcow2' });
    const random = randomNumbers(name);
    const place = (): number => random((sizeBytes - MIB) / 4096) * 4096;
    await writeThroughChain(layers, [
      ...Array.from({ length: 100 }, () => `write -s ${noise} ${place()} ${MIB}`),
      ...Array.from(
        { length: 2000 },
        () => `write -s ${noise} ${random(SMALL_CHANGES_BYTES / 4096) * 4096} 4096`,
      ),
    ]);
  }
  return layers;
}

/** 600 MiB of data in pieces of 4 MiB, a hole behind each. */
function writeBase(path: string): void {
  const random = randomNumbers('base');
  const piece = Buffer.alloc(4 * MIB);
  const file = openSync(path, 'wx');
  try {
    ftruncateSync(file, BASE_BYTES);
    let position = 0;
    for (let count = 0; count < 150; count += 1) {
      writeSync(file, randomFillSync(piece), 0, piece.length, position);
      position += piece.length + random(512) * 8 * KIB;
    }
  } finally {
    closeSync(file);
  }
}
