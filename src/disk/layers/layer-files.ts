/** The files of a chain, open for reading. */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { GoldsmithError } from '../../model/errors.ts';
import { checkQcow2 } from '../untrusted/check-qcow2.ts';
import { openUpload } from '../untrusted/upload.ts';
import type { ChainExtent } from './chain-extents.ts';
import type { DiskLayer } from './chain.ts';

export interface LayerFiles extends AsyncDisposable {
  /**
   * Fills `buffer` with the bytes of `extent` that lie in `[start, start + buffer.length)` of the disk.
   * @throws GoldsmithError `Internal` when a file has become shorter.
   */
  readInto(buffer: Buffer, start: number, extent: ChainExtent): Promise<void>;
  /** @throws GoldsmithError `Internal` when a file has not the length that it had when it was opened. */
  requireSameLengths(): Promise<void>;
}

const SECTOR_BYTES = 512;

interface OpenLayer {
  readonly file: FileHandle;
  readonly sizeBytes: number;
}

/**
 * Opens every layer. A qcow2 was written by a program that a guest talked to, so it must be a regular file under
 * its own name and may not point to another file.
 * @throws GoldsmithError `ImageRefused`, `SourceNotFound`.
 */
export async function openLayerFiles(layers: readonly DiskLayer[]): Promise<LayerFiles> {
  await using stack = new AsyncDisposableStack();
  const opened: OpenLayer[] = [];
  for (const layer of layers) {
    const file = stack.use(await openLayer(layer));
    opened.push({ file, sizeBytes: (await file.stat()).size });
  }
  const owned = stack.move();
  return {
    readInto: async (buffer, start, extent) => readExtent(opened, buffer, start, extent),
    requireSameLengths: async () => {
      for (const { file, sizeBytes } of opened) {
        if ((await file.stat()).size !== sizeBytes) throw changedLength();
      }
    },
    [Symbol.asyncDispose]: async () => owned.disposeAsync(),
  };
}

async function openLayer(layer: DiskLayer): Promise<FileHandle> {
  if (layer.format === 'raw') {
    return open(layer.path, 'r').catch((cause: unknown) => {
      throw new GoldsmithError('SourceNotFound', 'A disk layer cannot be opened', { cause });
    });
  }
  await using upload = await openUpload(layer.path);
  await checkQcow2(upload);
  return await open(layer.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

async function readExtent(
  layers: readonly OpenLayer[],
  buffer: Buffer,
  start: number,
  extent: ChainExtent,
): Promise<void> {
  const layer = layers[extent.layer];
  if (layer === undefined) throw new GoldsmithError('Internal', `There is no layer ${extent.layer}`);
  const from = Math.max(start, extent.start);
  const to = Math.min(start + buffer.length, extent.start + extent.length);
  const offset = extent.offset - extent.start; // from a place on the disk to the place in the file
  // QEMU sees a raw file rounded up to whole sectors; what is past its end reads as zeros.
  const missing = Math.max(0, to + offset - layer.sizeBytes);
  if (missing >= SECTOR_BYTES) throw changedLength();
  const readable = to - Math.min(missing, to - from);
  buffer.fill(0, readable - start, to - start);
  let at = from;
  while (at < readable) {
    const { bytesRead } = await layer.file.read(buffer, at - start, readable - at, at + offset);
    if (bytesRead === 0) throw changedLength();
    at += bytesRead;
  }
}

function changedLength(): GoldsmithError {
  return new GoldsmithError('Internal', 'A disk layer became shorter or longer while it was read');
}
