/** A flat copy of a chain under a hidden name, which can be brought forward as layers come to lie on the chain. */
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import type { BuildUser } from '../../host/build-user.ts';
import { roundUp } from '../../model/sizes.ts';
import { BLOCK_BYTES, createDigestTree, type DigestTree } from '../digest-tree.ts';
import { stagingPath, throwIfCancelled } from '../publish-file.ts';
import { punchHoles } from '../punch-holes.ts';
import { explainWriteError } from '../sparse-write.ts';
import { chainExtents, type ChainExtent } from './chain-extents.ts';
import { changedBlocks } from './changed-blocks.ts';
import type { DiskLayer } from './chain.ts';
import { copyBlocks } from './copy-blocks.ts';
import { openLayerFiles, type LayerFiles } from './layer-files.ts';

export interface ChainCopyOptions {
  /** Reads the tables of the layers. */
  readonly user: BuildUser;
  readonly signal: AbortSignal;
  /** A guest works on layers above these: slowly, with little left to sync, and only until this fires. */
  readonly besideGuestUntil?: AbortSignal;
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

/** Blocks copied between two syncs, so that the disk works all the time and little is left to sync in the end. */
const BLOCKS_PER_SYNC = 64;
const zeros = Buffer.alloc(BLOCK_BYTES);

/** Its file goes when it is disposed of, unless it was published. */
export class StagedCopy implements AsyncDisposable {
  readonly #path: string;
  readonly #sizeBytes: number;
  readonly #file: FileHandle;
  readonly #tree: DigestTree;
  readonly #owned: AsyncDisposableStack;
  readonly #sources: LayerFiles[] = [];
  /** Of the chain that it is a copy of, as far as its blocks were copied. */
  #extents: readonly ChainExtent[] = [];
  /** Blocks that are in place; the others are holes. */
  readonly #copied = new Set<number>();
  #syncing: Promise<undefined> | undefined;

  private constructor(path: string, sizeBytes: number, file: FileHandle, owned: AsyncDisposableStack) {
    this.#path = path;
    this.#sizeBytes = sizeBytes;
    this.#file = file;
    this.#tree = createDigestTree(sizeBytes);
    this.#owned = owned;
  }

  /** Makes an empty copy of `sizeBytes` beside `to`. @throws GoldsmithError `InsufficientResources`. */
  static async create(to: string, sizeBytes: number): Promise<StagedCopy> {
    await using stack = new AsyncDisposableStack();
    const path = stagingPath(to);
    const file = stack.use(await open(path, 'wx'));
    stack.defer(async () => rm(path, { force: true }));
    await file.truncate(sizeBytes).catch((error: unknown) => {
      throw explainWriteError(error);
    });
    return new StagedCopy(path, sizeBytes, file, stack.move());
  }

  /**
   * Makes it a copy of the disk of `layers`, which begin with those that it was made of before; only what they changed is
   * copied.
   * @returns false when the file system makes no holes; it is of no use any more then.
   * @throws GoldsmithError as `flattenChain`.
   */
  async copyChain(layers: readonly DiskLayer[], options: ChainCopyOptions): Promise<boolean> {
    const { user, signal, onProgress, besideGuestUntil: enough } = options;
    const besideGuest = enough !== undefined;
    throwIfCancelled(signal);
    const files = this.#owned.use(await openLayerFiles(layers));
    this.#sources.push(files);
    const extents = await chainExtents(layers, this.#sizeBytes, { signal, user, mayBeShorter: besideGuest });
    const blocks = changedBlocks(this.#extents, extents, (block) => this.#copied.has(block));
    if (!(await this.#clear(blocks, signal))) return false;
    this.#extents = extents;
    const onCopied = async (block: number): Promise<void> => {
      this.#copied.add(block);
      if (this.#copied.size % BLOCKS_PER_SYNC !== 0) return;
      if (besideGuest) await this.#sync();
      else void this.#sync();
    };
    const source = { files, extents, sizeBytes: this.#sizeBytes };
    const target = { file: this.#file, tree: this.#tree };
    await copyBlocks(source, target, blocks, {
      ...{ signal, onProgress, onCopied, besideGuest },
      ...(enough === undefined ? {} : { enough }),
    });
    if (enough?.aborted === false) await this.#sync();
    return true;
  }

  /**
   * Gives it its name, which takes no sync.
   * @returns the digest of the disk.
   * @throws GoldsmithError `Internal` when a layer has another length than when it was first read.
   */
  async publish(to: string): Promise<string> {
    for (const files of this.#sources) await files.requireSameLengths();
    await rename(this.#path, to);
    return this.#tree.digest();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#syncing;
    await this.#owned.disposeAsync();
  }

  /** One at a time. Whoever publishes the disk syncs it, and is told of failures. */
  async #sync(): Promise<void> {
    this.#syncing ??= this.#file.datasync().then(
      () => (this.#syncing = undefined),
      () => (this.#syncing = undefined),
    );
    await this.#syncing;
  }

  /** Makes holes where `blocks` were copied. */
  async #clear(blocks: readonly { readonly block: number }[], signal: AbortSignal): Promise<boolean> {
    const stale = blocks.map(({ block }) => block).filter((block) => this.#copied.has(block));
    try {
      // Only whole blocks of the file system can become holes; the last one may be cut off within one.
      await this.#file.truncate(roundUp(this.#sizeBytes, BLOCK_BYTES));
      if (!(await punchHoles(this.#path, stale, { signal }))) return false;
      await this.#file.truncate(this.#sizeBytes);
    } catch (cause) {
      throw explainWriteError(cause);
    }
    for (const block of stale) {
      this.#copied.delete(block);
      this.#tree.setBlock(block, zeros.subarray(0, this.#sizeBytes - block * BLOCK_BYTES));
    }
    return true;
  }
}
