/**
 * Uses: the disk of a machine that has powered off after generalization.
 * Produces: the facts of the finished image; nobody writes to the disk any more.
 * Undoes: nothing.
 */
import { allocatedSizeBytes } from '../../disk/allocated-size.ts';
import { digestDisk } from '../../disk/disk-digest.ts';
import type { ImageFacts } from '../../model/image.ts';
import { formatBytes } from '../../model/sizes.ts';
import type { Step } from '../step.ts';

export interface FreezeInput {
  readonly path: string;
  readonly sizeBytes: number;
  /** What the result inherits: generation, operating system, architecture, provisioning. */
  readonly source: ImageFacts;
}

export const freezeDiskStep: Step<FreezeInput, ImageFacts> = {
  id: 'freeze',
  title: 'Freeze the disk',
  async run(input, context) {
    const digest = await digestDisk(input.path, {
      sizeBytes: input.sizeBytes,
      signal: context.signal,
      onProgress: (doneBytes, totalBytes) => context.progress('Reading the disk', doneBytes, totalBytes),
    });
    const allocated = await allocatedSizeBytes(input.path);
    context.output(
      'out',
      `${formatBytes(allocated)} of ${formatBytes(input.sizeBytes)} are in use; the image is ${digest}`,
    );
    return {
      ...input.source,
      path: input.path,
      virtualSizeBytes: input.sizeBytes,
      allocatedSizeBytes: allocated,
      digest,
    };
  },
};
