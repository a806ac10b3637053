/** The OS disk as a tree of QEMU's block nodes. Source: QEMU QMP reference, `BlockdevOptions`. */
import type { DiskLayer } from '../../disk/layers/chain.ts';
import type { VmDisk } from '../hypervisor.ts';

/** Flushes are ignored: a build that dies with the host is run again, and a finished file is synced before it is published. */
const cache = { direct: false, 'no-flush': true };

export type BlockNode = Readonly<Record<string, unknown>>;

/** Name of the node that the machine writes to after so many checkpoints. */
export function topNode(checkpoints: number): string {
  return checkpoints === 0 ? 'os' : `os-${checkpoints}`;
}

/** The whole disk with all that is below it. */
export function diskNode(disk: VmDisk): BlockNode {
  const below = belowNode(disk.below ?? []);
  return { ...writableNode(disk, topNode(0)), ...(below === undefined ? {} : { backing: below }) };
}

/** A layer that is to be put on top of the disk: nothing is below it yet. */
export function overlayNode(path: string, name: string): BlockNode {
  return { ...writableNode({ path, format: 'qcow2' }, name), backing: null };
}

function writableNode({ path, format }: Pick<VmDisk, 'path' | 'format'>, name: string): BlockNode {
  return {
    driver: format,
    'node-name': name,
    discard: 'unmap',
    'detect-zeroes': 'unmap',
    cache,
    file: { driver: 'file', filename: path, discard: 'unmap', cache, ...unlocked(format) },
  };
}

function belowNode(layers: readonly DiskLayer[]): BlockNode | undefined {
  const top = layers.at(-1);
  if (top === undefined) return undefined;
  const below = belowNode(layers.slice(0, -1));
  return {
    driver: top.format,
    'read-only': true,
    cache,
    file: { driver: 'file', filename: top.path, 'read-only': true, cache, ...unlocked(top.format) },
    ...(top.format === 'qcow2' ? { backing: below ?? null } : {}),
  };
}

/**
 * A layer is in one machine's private folder until it is a checkpoint, and never written to afterwards; but the machine
 * that wrote it may still have it open when the next one starts on it, and QEMU's own lock would be in the way.
 */
function unlocked(format: VmDisk['format']): BlockNode {
  return format === 'qcow2' ? { locking: 'off' } : {};
}
