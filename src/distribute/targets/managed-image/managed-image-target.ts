/** Distribution to a managed image of this machine. */
import { parseImageResourceId } from '../../../images/resource-ids.ts';
import { GoldsmithError } from '../../../model/errors.ts';
import type { ManagedImageTarget } from '../../../model/image-template.ts';
import { imageArtifact, originOf, type TargetInput, type TargetOutput } from '../../target-context.ts';

/**
 * Stores the disk under the target's ARM id, in place of what an earlier run put there (reference: the
 * location must match when the image exists).
 * @throws GoldsmithError `DistributeFailed` for an id of something else, `Conflict` for another location.
 */
export async function distributeManagedImage(input: TargetInput<ManagedImageTarget>): Promise<TargetOutput> {
  const { target, disk, store, signal } = input;
  const id = parseImageResourceId(target.imageId);
  if (id?.kind !== 'ManagedImage') {
    throw new GoldsmithError('DistributeFailed', `"${target.imageId}" is not the id of a managed image`);
  }
  const facts = await store.addContent(disk, { move: input.mayMove, signal });
  const image = store.publishManagedImage(facts, {
    id,
    location: target.location,
    ifExists: 'replace',
    tags: target.artifactTags,
    origin: originOf(input, target.runOutputName),
  });
  return { artifact: imageArtifact('ManagedImage', image.id, facts, target), warnings: [] };
}
