/** The disk's lower layers are final as soon as a customizer runs: their bytes are moved beside it. */
import { availableBytes } from '../disk/disk-space.ts';
import { startFlattening, type AdvanceCopy } from '../disk/layers/advance-copy.ts';
import type { DiskLayer } from '../disk/layers/chain.ts';
import type { ImageFacts } from '../model/image.ts';
import { GIB } from '../model/sizes.ts';
import { layersOf, type VmDisk } from '../vm/hypervisor.ts';
import type { BuildScene } from './build-scene.ts';

/** Room that is left to the guest and to what is kept of it. */
const SPARE_BYTES = 4 * GIB;

export interface EarlyDisk {
  /** Where the flat disk appears. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly source: ImageFacts;
}

/** @returns undefined when there is nothing below the layer that the guest writes to, or little room. */
export async function flattenEarly(
  { host, signal }: BuildScene,
  disk: VmDisk,
  { path, sizeBytes, source }: EarlyDisk,
): Promise<AdvanceCopy | undefined> {
  const layers = finalLayers(disk);
  const room = await availableBytes(path);
  if (layers.length === 0 || room < 2 * source.allocatedSizeBytes + SPARE_BYTES) return undefined;
  return startFlattening({ layers, to: path, sizeBytes, user: host.user, signal });
}

/** All but the layer that the machine writes to. */
export function finalLayers(disk: VmDisk): readonly DiskLayer[] {
  return layersOf(disk)?.slice(0, -1) ?? [];
}
