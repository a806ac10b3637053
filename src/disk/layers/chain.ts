/**
 * A chain of disk layers as QEMU takes it. The chain is always spelled out: nothing is taken from a file's
 * header, so a layer's content never decides which files are opened.
 */
import { resolve } from 'node:path';
import { GoldsmithError } from '../../model/errors.ts';

export interface DiskLayer {
  readonly path: string;
  /** Only the lowest layer can be raw. */
  readonly format: 'raw' | 'qcow2';
}

/** Options of a block node as in QEMU's `BlockdevOptions`. */
export type BlockNode = Readonly<Record<string, unknown>>;

export interface TopOptions {
  /** For the top layer's format node: `node-name`, `discard`, `detect-zeroes`, `cache`. */
  readonly node?: BlockNode;
  /** For the node of the top layer's file: `discard`, `cache`. */
  readonly file?: BlockNode;
}

/**
 * The block node of a chain, for `-blockdev`. All layers but the top one are read-only. Where the top layer is
 * larger than one below, it reads zeros beyond that one's end.
 * @param layers Lowest first.
 * @throws GoldsmithError `Internal` when there are no layers or one that is not the lowest is raw.
 */
export function chainNode(layers: readonly DiskLayer[], top: TopOptions = {}): BlockNode {
  const node = layers.reduce<BlockNode | undefined>((below, layer, index) => {
    const options = index === layers.length - 1 ? top : lowerOptions;
    return layerNode(layer, below, options);
  }, undefined);
  if (node === undefined) throw new GoldsmithError('Internal', 'A chain of disk layers is empty');
  return node;
}

/**
 * A name that QEMU's tools take as exactly this chain.
 * @param layers Lowest first.
 */
export function chainFileName(layers: readonly DiskLayer[], top: TopOptions = {}): string {
  return `json:${JSON.stringify(chainNode(layers, top))}`;
}

const lowerOptions: TopOptions = { node: { 'read-only': true }, file: { 'read-only': true } };

function layerNode(layer: DiskLayer, below: BlockNode | undefined, options: TopOptions): BlockNode {
  if (layer.format === 'raw' && below !== undefined) {
    throw new GoldsmithError('Internal', 'Only the lowest disk layer can be raw');
  }
  return {
    driver: layer.format,
    ...options.node,
    file: { driver: 'file', filename: resolve(layer.path), ...options.file },
    // Without it QEMU would follow the name in the header.
    ...(layer.format === 'raw' ? {} : { backing: below ?? null }),
  };
}
