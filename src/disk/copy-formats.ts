/** A finished disk as a file in the format that somebody else wants. */
import { resolve } from 'node:path';
import { runCommand } from '../host/command.ts';
import { GoldsmithError } from '../model/errors.ts';
import type { DiskFormat } from '../model/run.ts';
import { cloneFile } from './clone-file.ts';
import { rawFileName } from './extents.ts';
import { publishFile } from './publish-file.ts';
import { writeVhd, type VhdIdentity } from './raw-to-vhd.ts';

export interface CopyRequest {
  /** A raw disk that nobody writes to. */
  readonly rawPath: string;
  /** Its size, whole MiB. */
  readonly sizeBytes: number;
  readonly format: DiskFormat;
  readonly dest: string;
  /** Goes into a VHD's footer; the other formats draw their own ids. */
  readonly identity: VhdIdentity;
  /** Smaller but slower: zstd for qcow2, a stream-optimized file for VMDK. Other formats have no such thing. */
  readonly compress?: boolean;
  readonly signal: AbortSignal;
  /** Bytes of the virtual disk done so far; called only for formats that are converted. */
  readonly onProgress?: (doneBytes: number) => void;
}

/**
 * Writes the disk to `dest` in the wanted format; the file appears whole and synced, replacing an older one.
 *
 * raw and VHD share blocks with the source where the file system can. A VMDK is `monolithicSparse` (one
 * file, boots anywhere VMDKs do, fast to write); compressed it is `streamOptimized`, the form that OVA
 * packages and vSphere imports want. A VHDX is dynamic.
 * @throws GoldsmithError `CommandFailed`, `Cancelled`, or `Internal` when the disk is not `sizeBytes` long.
 */
export async function writeCopy(request: CopyRequest): Promise<void> {
  const { rawPath, dest, format, signal } = request;
  switch (format) {
    case 'raw':
      return publishFile(dest, (staging) => cloneFile(rawPath, staging, { signal }), { signal });
    case 'vhd':
      return writeVhd(rawPath, request.sizeBytes, dest, { ...request.identity, signal });
    case 'qcow2':
    case 'vhdx':
    case 'vmdk':
      return publishFile(dest, (staging) => convert(request, format, staging), { signal });
    default:
      format satisfies never;
      throw new GoldsmithError('Internal', `Unknown disk format ${String(format)}`);
  }
}

async function convert(
  request: CopyRequest,
  format: 'qcow2' | 'vhdx' | 'vmdk',
  staging: string,
): Promise<void> {
  const argv = [
    ...['qemu-img', 'convert', '-p', '-O', format],
    ...writerOptions(format, request.compress ?? false),
    ...[rawFileName(request.rawPath), resolve(staging)],
  ];
  const { onProgress } = request;
  await runCommand(argv, {
    signal: request.signal,
    maxOutputBytes: 64 * 1024,
    onOutput: (stream, chunk) => {
      const fraction = stream === 'out' ? parseProgress(chunk.toString('latin1')) : undefined;
      if (fraction !== undefined) onProgress?.(Math.floor(fraction * request.sizeBytes));
    },
  });
}

/** `-W` lets several coroutines write out of order; a stream-optimized VMDK can only be written in order. */
function writerOptions(format: 'qcow2' | 'vhdx' | 'vmdk', compress: boolean): readonly string[] {
  const parallel = ['-W', '-m', '8'];
  switch (format) {
    case 'qcow2':
      return [...parallel, ...(compress ? ['-c', '-o', 'compression_type=zstd'] : [])];
    case 'vhdx':
      return [...parallel, '-o', 'subformat=dynamic'];
    case 'vmdk':
      return compress
        ? ['-o', 'subformat=streamOptimized']
        : [...parallel, '-o', 'subformat=monolithicSparse'];
    default:
      format satisfies never;
      return [];
  }
}

/** The last `(12.34/100%)` in a piece of `qemu-img -p` output, as a fraction of one. */
export function parseProgress(text: string): number | undefined {
  const last = [...text.matchAll(/\((\d+(?:\.\d+)?)\/100%\)/g)].at(-1);
  return last?.[1] === undefined ? undefined : Math.min(1, Number(last[1]) / 100);
}
