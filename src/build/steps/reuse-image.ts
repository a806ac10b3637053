/**
 * Uses: a finished image of an earlier build, kept as the layers of its disk.
 * Produces: one raw file and the image's facts; undefined when it is not what was kept: the build does its work then.
 * Undoes: nothing.
 */
import { join } from 'node:path';
import { flattenChain } from '../../disk/layers/flatten-chain.ts';
import { giveToBuildUser, type BuildUser } from '../../host/build-user.ts';
import type { ImageFacts } from '../../model/image.ts';
import { formatDuration } from '../../model/sizes.ts';
import { readImage } from '../checkpoints/checkpoint-machine.ts';
import type { CheckpointStore } from '../checkpoints/checkpoint-store.ts';
import type { CheckpointEntry } from '../checkpoints/read-entries.ts';
import type { Step } from '../step.ts';

export interface ReuseImageInput {
  readonly store: CheckpointStore;
  readonly entry: CheckpointEntry;
  /** What the layers lie on. */
  readonly source: ImageFacts;
  readonly workDir: string;
  /** Where the raw file appears. */
  readonly path: string;
  readonly user: BuildUser;
  readonly nowMs: number;
}

export const reuseImageStep: Step<ReuseImageInput, ImageFacts | undefined> = {
  id: 'reuse',
  title: 'Use the image that exists',
  async run({ store, entry, source, workDir, path, user, nowMs }, context) {
    const { signal } = context;
    const facts = readImage(entry);
    const claimed = await store.claim(entry, join(workDir, 'claimed-image'), { files: [], signal });
    if (facts === undefined || claimed === undefined) return undefined;
    const layers = [
      { path: source.path, format: 'raw' as const },
      ...claimed.disks.map((disk) => ({ path: disk, format: 'qcow2' as const })),
    ];
    const sizeBytes = facts.diskBytes;
    const { digest, allocatedSizeBytes } = await flattenChain({
      ...{ layers, to: path, sizeBytes, user, signal },
      onProgress: (doneBytes, totalBytes) => context.progress('Copying the disk', doneBytes, totalBytes),
    });
    if (digest !== facts.digest) {
      await store.drop(entry.key, { signal });
      context.warn('The image that was kept is damaged; it is built again');
      return undefined;
    }
    giveToBuildUser(user, path);
    context.output(
      'out',
      `Nothing has changed since it was built ${formatDuration(nowMs - entry.createdAtMs)} ago; it is ${digest}`,
    );
    return { ...source, path, virtualSizeBytes: sizeBytes, allocatedSizeBytes, digest };
  },
};
