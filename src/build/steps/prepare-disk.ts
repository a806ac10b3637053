/**
 * Uses: the source image.
 * Produces: a private raw copy, grown to `osDiskSizeGB`.
 * Undoes: nothing; the work folder goes with the run.
 */
import { cloneFile } from '../../disk/clone-file.ts';
import { growDisk } from '../../disk/grow-disk.ts';
import { giveToBuildUser, type BuildUser } from '../../host/build-user.ts';
import type { ImageFacts } from '../../model/image.ts';
import { formatBytes } from '../../model/sizes.ts';
import type { Step } from '../step.ts';

export interface PrepareDiskInput {
  readonly source: ImageFacts;
  readonly sizeBytes: number;
  readonly path: string;
  readonly user: BuildUser;
}

export const prepareDiskStep: Step<PrepareDiskInput, string> = {
  id: 'disk',
  title: 'Prepare the OS disk',
  async run(input, context) {
    await cloneFile(input.source.path, input.path, { signal: context.signal });
    if (input.sizeBytes > input.source.virtualSizeBytes) {
      await growDisk(input.path, input.sizeBytes);
      context.output(
        'out',
        `The disk grew from ${formatBytes(input.source.virtualSizeBytes)} to ${formatBytes(input.sizeBytes)}`,
      );
    }
    giveToBuildUser(input.user, input.path);
    return input.path;
  },
};
