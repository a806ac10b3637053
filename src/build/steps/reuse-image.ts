/**
 * Uses: a finished image of an earlier build, kept as the layers of its disk.
 * Produces: one raw file and the image's facts, or the results of the earlier build where those are all that is wanted;
 * undefined when it is not what was kept: the build does its work then.
 * Undoes: nothing.
 */
import { join } from 'node:path';
import { flattenChain } from '../../disk/layers/flatten-chain.ts';
import { giveToBuildUser, type BuildUser } from '../../host/build-user.ts';
import { standingVhds, type StandingQuestion, type StandingResult } from '../../distribute/standing-vhds.ts';
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
  /** Where the image is going to, when nothing else is done with it. */
  readonly distribution?: Pick<StandingQuestion, 'targets' | 'outputFolder'>;
}

export interface ReusedImage {
  readonly disk: ImageFacts;
  /** Results that are in their places already; `disk` is one of them then, when there are any. */
  readonly standing: readonly StandingResult[];
}

export const reuseImageStep: Step<ReuseImageInput, ReusedImage | undefined> = {
  id: 'reuse',
  title: 'Use the image that exists',
  async run({ store, entry, source, workDir, path, user, nowMs, distribution }, context) {
    const { signal } = context;
    const facts = readImage(entry);
    const age = formatDuration(nowMs - entry.createdAtMs);
    if (facts !== undefined && distribution !== undefined) {
      const wanted = { digest: facts.digest, virtualSizeBytes: facts.diskBytes };
      const standing = await standingVhds({ ...distribution, disk: wanted, signal });
      const [first] = standing ?? [];
      if (standing !== undefined && first !== undefined) {
        const { artifact } = first;
        context.output('out', `Built ${age} ago and still in its place; it is ${artifact.digest}`);
        const { path: standingPath, allocatedSizeBytes } = artifact;
        return { disk: { ...source, ...wanted, path: standingPath, allocatedSizeBytes }, standing };
      }
    }
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
    context.output('out', `Nothing has changed since it was built ${age} ago; it is ${digest}`);
    const disk = { ...source, path, virtualSizeBytes: sizeBytes, allocatedSizeBytes, digest };
    return { disk, standing: [] };
  },
};
