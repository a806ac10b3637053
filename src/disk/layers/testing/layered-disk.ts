/** Chains of layers for tests. */
import { join } from 'node:path';
import { writePatternedDisk } from '../../testing/patterned-disk.ts';
import type { DiskLayer } from '../chain.ts';
import { createLayer } from '../create-layer.ts';

/** Whoever runs the tests: the folders of tests are closed to everybody else. */
export const user = { name: 'test', uid: process.getuid?.() ?? -1, gid: -1, dropsPrivileges: false };

/** A raw file with some data in `folder`. */
export function baseLayer(folder: string, sizeBytes: number): DiskLayer {
  const path = join(folder, 'base.raw');
  writePatternedDisk(path, sizeBytes);
  return { path, format: 'raw' };
}

/** Makes an empty layer in `folder`. @returns `layers` with it on top. */
export async function addLayer(
  layers: readonly DiskLayer[],
  folder: string,
  sizeBytes: number,
): Promise<DiskLayer[]> {
  const path = join(folder, `layer${layers.length}.qcow2`);
  await createLayer(path, sizeBytes, { signal: new AbortController().signal, user });
  return [...layers, { path, format: 'qcow2' }];
}
