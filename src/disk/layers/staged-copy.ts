/** A copy of lower layers under a hidden name, made slowly enough not to be felt by the guest above them. */
import { open, rm, type FileHandle } from 'node:fs/promises';
import type { BuildUser } from '../../host/build-user.ts';
import { createDigestTree, type DigestTree } from '../digest-tree.ts';
import { stagingPath, throwIfCancelled } from '../publish-file.ts';
import { planBlocks } from './block-plan.ts';
import { chainExtents, type ChainExtent } from './chain-extents.ts';
import type { DiskLayer } from './chain.ts';
import { copyBlocks } from './copy-blocks.ts';
import { openLayerFiles, type LayerFiles } from './layer-files.ts';

export interface StageRequest {
  /** Lowest first; nobody writes to any of them. */
  readonly layers: readonly DiskLayer[];
  /** Where the disk is going to appear; the copy is beside it. */
  readonly to: string;
  /** Size of the disk in the end; that of the layers may be smaller. */
  readonly sizeBytes: number;
  /** Reads the tables of the layers. */
  readonly user: BuildUser;
  readonly signal: AbortSignal;
}

/** Closed and removed when disposed of, unless it has another name by then. */
export interface StagedCopy extends AsyncDisposable {
  readonly path: string;
  readonly file: FileHandle;
  readonly tree: DigestTree;
  /** The layers, which must keep their lengths. */
  readonly files: LayerFiles;
  readonly extents: readonly ChainExtent[];
  /** Blocks that are in place; of the others nothing was written. */
  readonly copied: ReadonlySet<number>;
}

/** Blocks copied between two syncs. A machine that writes, and the end of this copy, wait for no more than these. */
const BLOCKS_PER_SYNC = 64;

/**
 * Copies the disk of `layers`, and sees to it that little is left to sync. When `enough` fires, the copy ends early
 * with what is there, soon.
 * @throws GoldsmithError as `flattenChain`; no file is left then.
 */
export async function stageLayers(request: StageRequest, enough: AbortSignal): Promise<StagedCopy> {
  const { layers, to, sizeBytes, user, signal } = request;
  throwIfCancelled(signal);
  await using stack = new AsyncDisposableStack();
  const files = stack.use(await openLayerFiles(layers));
  const extents = await chainExtents(layers, sizeBytes, { signal, user, mayBeShorter: true });
  const path = stagingPath(to);
  const file = stack.use(await open(path, 'wx'));
  stack.defer(async () => rm(path, { force: true }));
  await file.truncate(sizeBytes);
  const tree = createDigestTree(sizeBytes);
  const copied = new Set<number>();
  const onCopied = async (block: number): Promise<void> => {
    copied.add(block);
    if (copied.size % BLOCKS_PER_SYNC === 0) await file.datasync();
  };
  await copyBlocks({ files, extents, sizeBytes }, { file, tree }, planBlocks(extents), {
    ...{ signal, enough, onCopied },
    besideGuest: true,
  });
  if (!enough.aborted) await file.datasync();
  const owned = stack.move();
  const dispose = async (): Promise<void> => owned.disposeAsync();
  return { path, file, tree, files, extents, copied, [Symbol.asyncDispose]: dispose };
}
