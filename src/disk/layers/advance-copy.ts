/**
 * The lower layers of a disk are flattened while a guest still works on the upper ones. When its machine is off, only
 * the blocks that the upper layers touch are left to copy.
 */
import { rename } from 'node:fs/promises';
import { resolve } from 'node:path';
import { roundUp } from '../../model/sizes.ts';
import { allocatedSizeBytes } from '../allocated-size.ts';
import { BLOCK_BYTES } from '../digest-tree.ts';
import { publishFile, throwIfCancelled } from '../publish-file.ts';
import { punchHoles } from '../punch-holes.ts';
import { explainWriteError } from '../sparse-write.ts';
import { chainExtents } from './chain-extents.ts';
import type { DiskLayer } from './chain.ts';
import { changedBlocks } from './changed-blocks.ts';
import { copyBlocks } from './copy-blocks.ts';
import { flattenChain, type FlatDisk, type FlattenRequest } from './flatten-chain.ts';
import { openLayerFiles } from './layer-files.ts';
import { stageLayers, type StagedCopy, type StageRequest } from './staged-copy.ts';

/** All layers of the disk, the lower ones first; progress counts what was left to copy. */
export type FinishRequest = Pick<FlattenRequest, 'layers' | 'signal' | 'onProgress'>;

/** Disposing stops the work, waits for its end and removes its file, unless the disk is finished. */
export interface AdvanceCopy extends AsyncDisposable {
  /** Resolves when the work in advance has ended, with what made it fail, if anything; for the log. */
  readonly settled: Promise<{ readonly failure?: unknown }>;
  /**
   * Makes of the whole chain what `flattenChain` would make of it, and copies only what is not there yet. Whatever
   * went wrong in advance, and other layers than those expected, only cost the time that was to be saved.
   * Called once, and not disposed of before it has settled.
   * @throws GoldsmithError as `flattenChain`; no file is left then.
   */
  finish(request: FinishRequest): Promise<FlatDisk>;
}

/**
 * Begins to copy the disk of the lower layers to a hidden file beside `to`. It takes the room of that copy, and
 * lets the processors have other work. Returns at once.
 */
export function startFlattening(request: StageRequest): AdvanceCopy {
  const [stop, enough] = [new AbortController(), new AbortController()];
  const signal = AbortSignal.any([request.signal, stop.signal]);
  const work = stageLayers({ ...request, signal }, enough.signal);
  const settled = work.then(
    () => ({}),
    (failure: unknown) => ({ failure }),
  );
  // A copy in advance is a gift: when there is none, the disk is made without it.
  let staging: Promise<StagedCopy | undefined> = work.catch(() => undefined);
  const take = async (): Promise<StagedCopy | undefined> => {
    const taken = staging;
    staging = Promise.resolve(undefined);
    return taken;
  };
  return {
    settled,
    async finish({ layers, onProgress, signal: finishSignal }) {
      enough.abort(); // the rest goes faster without a guest to be nice to
      const whole = {
        ...{ layers, to: request.to, sizeBytes: request.sizeBytes, user: request.user },
        ...(onProgress === undefined ? {} : { onProgress }),
        signal: AbortSignal.any([signal, finishSignal]),
      };
      const flat = await completeStaged(take(), request.layers, whole);
      return flat ?? (await flattenChain(whole));
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await (await take())?.[Symbol.asyncDispose]();
    },
  };
}

/** @returns undefined when the copy of the lower layers is of no use; it is gone then. */
async function completeStaged(
  staging: Promise<StagedCopy | undefined>,
  lower: readonly DiskLayer[],
  whole: FlattenRequest,
): Promise<FlatDisk | undefined> {
  await using staged = await staging;
  throwIfCancelled(whole.signal);
  if (staged === undefined || !startsWith(whole.layers, lower)) return undefined;
  return await complete(staged, whole);
}

function startsWith(layers: readonly DiskLayer[], lower: readonly DiskLayer[]): boolean {
  return lower.every(({ path, format }, index) => {
    const layer = layers[index];
    return layer !== undefined && layer.format === format && resolve(layer.path) === resolve(path);
  });
}

/** @returns undefined when holes cannot be made. */
async function complete(staged: StagedCopy, whole: FlattenRequest): Promise<FlatDisk | undefined> {
  const { layers, to, sizeBytes, user, signal, onProgress } = whole;
  await using files = await openLayerFiles(layers);
  const extents = await chainExtents(layers, sizeBytes, { signal, user });
  const blocks = changedBlocks(staged.extents, extents, (block) => staged.copied.has(block));
  if (!(await clear(staged, blocks, whole))) return undefined;
  await publishFile(
    to,
    async (path) => {
      await rename(staged.path, path);
      await copyBlocks({ files, extents, sizeBytes }, staged, blocks, { signal, onProgress });
      await files.requireSameLengths();
      await staged.files.requireSameLengths(); // from before the first byte was read to after the last
    },
    { signal, durable: false },
  );
  return { digest: staged.tree.digest(), allocatedSizeBytes: await allocatedSizeBytes(to) };
}

/** Makes holes where `blocks` were copied. */
async function clear(
  staged: StagedCopy,
  blocks: readonly { readonly block: number }[],
  { sizeBytes, signal }: FlattenRequest,
): Promise<boolean> {
  const stale = blocks.map(({ block }) => block).filter((block) => staged.copied.has(block));
  try {
    // Only whole blocks of the file system can become holes; the last one may be cut off within one.
    await staged.file.truncate(roundUp(sizeBytes, BLOCK_BYTES));
    const cleared = await punchHoles(staged.path, stale, { signal });
    await staged.file.truncate(sizeBytes);
    return cleared;
  } catch (cause) {
    throw explainWriteError(cause);
  }
}
