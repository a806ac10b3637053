/**
 * The lower layers of a disk are flattened while a guest still works on the upper ones. When its machine is off, only
 * the blocks that the upper layers touch are left to copy.
 */
import { resolve } from 'node:path';
import type { BuildUser } from '../../host/build-user.ts';
import { allocatedSizeBytes } from '../allocated-size.ts';
import { throwIfCancelled } from '../publish-file.ts';
import type { DiskLayer } from './chain.ts';
import { flattenChain, type FlatDisk, type FlattenRequest } from './flatten-chain.ts';
import { StagedCopy } from './staged-copy.ts';

export interface AdvanceRequest {
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

/** All layers of the disk, the lower ones first; progress counts what was left to copy. */
export type FinishRequest = Pick<FlattenRequest, 'layers' | 'signal' | 'onProgress'>;

/** Disposing stops the work, waits for its end and removes its file, unless the disk is finished. */
export interface AdvanceCopy extends AsyncDisposable {
  /**
   * Resolves when the work in advance that was asked for so far has ended, with what made it fail, if anything; for the
   * log.
   */
  settled(): Promise<{ readonly failure?: unknown }>;
  /** Goes on with more layers that nobody writes to any more: those so far, and others on top of them. */
  extend(layers: readonly DiskLayer[]): void;
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
export function startFlattening({ layers, to, sizeBytes, user, signal }: AdvanceRequest): AdvanceCopy {
  const [stop, enough] = [new AbortController(), new AbortController()];
  const until = { user, signal: AbortSignal.any([signal, stop.signal]), besideGuestUntil: enough.signal };
  let lower: readonly DiskLayer[] = [];
  let failure: { readonly failure?: unknown } = {};
  /** A copy in advance is a gift: when there is none, the disk is made without it. */
  let staging: Promise<StagedCopy | undefined> = StagedCopy.create(to, sizeBytes).catch(failed);

  function failed(error: unknown): undefined {
    failure = { failure: error };
  }

  function extend(more: readonly DiskLayer[]): void {
    const before = staging;
    if (more.length === lower.length && startsWith(more, lower)) return;
    const isUseful = startsWith(more, lower);
    lower = more;
    staging = (async () => {
      const staged = await before;
      if (staged === undefined) return undefined;
      const done = isUseful && (await staged.copyChain(more, until).catch(failed));
      if (done === true) return staged;
      await staged[Symbol.asyncDispose]();
      return undefined;
    })();
  }

  async function take(): Promise<StagedCopy | undefined> {
    const taken = staging;
    staging = Promise.resolve(undefined);
    return taken;
  }

  extend(layers);
  return {
    settled: async () => staging.then(() => failure),
    extend,
    async finish({ layers: all, onProgress, signal: finishSignal }) {
      enough.abort(); // the rest goes faster without a guest to be nice to
      const whole = {
        ...{ layers: all, to, sizeBytes, user, signal: AbortSignal.any([until.signal, finishSignal]) },
        ...(onProgress === undefined ? {} : { onProgress }),
      };
      return (await complete(take(), lower, whole)) ?? (await flattenChain(whole));
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await (await take())?.[Symbol.asyncDispose]();
    },
  };
}

function startsWith(layers: readonly DiskLayer[], lower: readonly DiskLayer[]): boolean {
  return lower.every(({ path, format }, index) => {
    const layer = layers[index];
    return layer !== undefined && layer.format === format && resolve(layer.path) === resolve(path);
  });
}

/** @returns undefined when the copy of the lower layers is of no use; it is gone then. */
async function complete(
  staging: Promise<StagedCopy | undefined>,
  lower: readonly DiskLayer[],
  { layers, to, user, signal, onProgress }: FlattenRequest,
): Promise<FlatDisk | undefined> {
  await using staged = await staging;
  throwIfCancelled(signal);
  if (staged === undefined || !startsWith(layers, lower)) return undefined;
  if (!(await staged.copyChain(layers, { user, signal, onProgress }))) return undefined;
  throwIfCancelled(signal);
  const digest = await staged.publish(to);
  return { digest, allocatedSizeBytes: await allocatedSizeBytes(to) };
}
