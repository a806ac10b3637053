/**
 * Uses: the source image, which is not changed.
 * Produces: an empty layer over it that takes the build VM's writes, as large as `osDiskSizeGB`.
 * Undoes: nothing; the work folder goes with the run.
 */
import { createLayer } from '../../disk/layers/create-layer.ts';
import type { BuildUser } from '../../host/build-user.ts';
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
  async run({ source, sizeBytes, path, user }, context) {
    await createLayer(path, sizeBytes, { user, signal: context.signal });
    if (sizeBytes > source.virtualSizeBytes) {
      const [before, after] = [source.virtualSizeBytes, sizeBytes].map(formatBytes);
      context.output('out', `The disk grew from ${before} to ${after}`);
    }
    return path;
  },
};
