/**
 * Uses: the layers of a disk whose machine has powered off after generalization.
 * Produces: one raw file and the facts of the finished image; nobody writes to it any more.
 * Undoes: nothing.
 */
import type { AdvanceCopy } from '../../disk/layers/advance-copy.ts';
import { flattenChain } from '../../disk/layers/flatten-chain.ts';
import type { DiskLayer } from '../../disk/layers/chain.ts';
import { giveToBuildUser, type BuildUser } from '../../host/build-user.ts';
import type { ImageFacts } from '../../model/image.ts';
import { formatBytes } from '../../model/sizes.ts';
import type { Step } from '../step.ts';

export interface FreezeInput {
  /** Lowest first. */
  readonly layers: readonly DiskLayer[];
  readonly sizeBytes: number;
  /** Where the raw file appears. */
  readonly path: string;
  /** What the result inherits: generation, operating system, architecture, provisioning. */
  readonly source: ImageFacts;
  readonly user: BuildUser;
  /** What has been copied already, to the same path. */
  readonly copy?: AdvanceCopy | undefined;
}

export const freezeDiskStep: Step<FreezeInput, ImageFacts> = {
  id: 'freeze',
  title: 'Freeze the disk',
  async run({ layers, sizeBytes, path, source, user, copy }, context) {
    const request = {
      ...{ layers, signal: context.signal },
      onProgress: (doneBytes: number, totalBytes: number) =>
        context.progress('Copying the disk', doneBytes, totalBytes),
    };
    const flat = copy?.finish(request) ?? flattenChain({ ...request, to: path, sizeBytes, user });
    const { digest, allocatedSizeBytes } = await flat;
    giveToBuildUser(user, path);
    const [used, size] = [allocatedSizeBytes, sizeBytes].map(formatBytes);
    context.output('out', `${used} of ${size} are in use; the image is ${digest}`);
    return { ...source, path, virtualSizeBytes: sizeBytes, allocatedSizeBytes, digest };
  },
};
