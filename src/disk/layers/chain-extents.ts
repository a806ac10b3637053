/** Where the bytes of a chain's disk are: which file, at which offset. */
import type { BuildUser } from '../../host/build-user.ts';
import { GoldsmithError } from '../../model/errors.ts';
import { readExtentMap, type MapEntry } from '../extent-map.ts';
import { roundUp } from '../../model/sizes.ts';
import { chainFileName, type DiskLayer } from './chain.ts';

/** A run of the disk's bytes that one file holds. */
export interface ChainExtent {
  /** On the disk, bytes. */
  readonly start: number;
  readonly length: number;
  /** Index of the layer, lowest 0. */
  readonly layer: number;
  /** In the layer's file, bytes. */
  readonly offset: number;
}

export interface ChainExtentsOptions {
  readonly signal: AbortSignal;
  readonly user: BuildUser;
  /** The chain's disk may end before `sizeBytes`: these are the lower layers of one that grew. Default false. */
  readonly mayBeShorter?: boolean;
}

/** Keeps memory below a few hundred MiB. A guest that scatters more than this makes only its own build fail. */
const MAX_EXTENTS = 4_000_000;

/**
 * The data extents of the chain, ascending, none overlapping, cut at `sizeBytes`. What is between them is zeros.
 * @throws GoldsmithError `Internal` when the disk has another size, `ImageRefused` when a layer holds compressed
 * or encrypted clusters or is scattered beyond reason; `CommandFailed` also while a machine writes to it; `Cancelled`.
 */
export async function chainExtents(
  layers: readonly DiskLayer[],
  sizeBytes: number,
  options: ChainExtentsOptions,
): Promise<readonly ChainExtent[]> {
  const extents: ChainExtent[] = [];
  let end = 0;
  await readExtentMap(chainFileName(layers), options, (entry) => {
    if (entry.start !== end) throw new GoldsmithError('CommandFailed', 'The extent map of a disk has gaps');
    end += entry.length;
    if (!entry.data || entry.zero || entry.start >= sizeBytes) return;
    extents.push(toExtent(entry, layers.length, sizeBytes));
    if (extents.length > MAX_EXTENTS) {
      throw new GoldsmithError('ImageRefused', 'The content of the disk is scattered over too many places');
    }
  });
  // A raw file may end anywhere; QEMU sees it rounded up to sectors.
  const wholeBytes = roundUp(sizeBytes, 512);
  if (end !== wholeBytes && !(options.mayBeShorter === true && end < wholeBytes)) {
    throw new GoldsmithError('Internal', `The disk is ${end} bytes long, not ${sizeBytes}`);
  }
  return extents;
}

function toExtent(entry: MapEntry, layers: number, sizeBytes: number): ChainExtent {
  const { start, depth, offset } = entry;
  if (offset === undefined || depth >= layers) {
    throw new GoldsmithError('ImageRefused', 'A disk layer does not hold its bytes as they are');
  }
  return { start, length: Math.min(entry.length, sizeBytes - start), layer: layers - 1 - depth, offset };
}
