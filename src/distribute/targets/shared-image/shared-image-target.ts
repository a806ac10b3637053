/** Distribution to a version of a gallery on this machine. */
import { parseImageResourceId } from '../../../images/resource-ids.ts';
import { GoldsmithError } from '../../../model/errors.ts';
import type { SharedImageTarget } from '../../../model/image-template.ts';
import { imageArtifact, originOf, type TargetInput, type TargetOutput } from '../../target-context.ts';

/**
 * Publishes the disk as a new version. The image definition is made on first use from what the image is;
 * one that exists must fit. All target regions are this machine and share the one content.
 * @throws GoldsmithError `DistributeFailed` for a bad id or version or a definition that does not fit,
 * `Conflict` when the version exists.
 */
export async function distributeSharedImage(input: TargetInput<SharedImageTarget>): Promise<TargetOutput> {
  const { target, disk, store, signal } = input;
  const definitionId = parseImageResourceId(target.imageDefinitionId);
  if (definitionId?.kind !== 'ImageDefinition') {
    throw new GoldsmithError(
      'DistributeFailed',
      `"${target.imageDefinitionId}" is not the id of a gallery image definition`,
    );
  }
  const facts = await store.addContent(disk, { move: input.mayMove, signal });
  const version = store.publishGalleryVersion(facts, {
    definitionId,
    explicitVersion: target.explicitVersion,
    versioning: target.versioning,
    sourceVersion: input.sourceVersion,
    location: input.location,
    excludeFromLatest: target.excludeFromLatest,
    targetRegions: target.targetRegions,
    replicationMode: target.replicationMode,
    tags: target.artifactTags,
    origin: originOf(input, target.runOutputName),
  });
  return { artifact: imageArtifact('SharedImage', version.id, facts, target), warnings: [] };
}
