/** Looks whether the images that a template reads and the places it writes to exist and fit (reference 2.1, 2.6, 3). */
import { parseResourceId, type ResourceId } from '../../../arm/resource-id.ts';
import type { ImageTemplate, Source, Target } from '../../../model/image-template.ts';
import { locationName } from '../../arm/locations.ts';
import type { ImageBuilderDependencies } from '../dependencies.ts';
import { SubmissionError, type ProvisioningErrorCode } from './submission-error.ts';

type Dependencies = Pick<ImageBuilderDependencies, 'store' | 'hasPlatformImage'>;

/** @throws SubmissionError for the first image or place that will not do. */
export async function checkImages(
  dependencies: Dependencies,
  template: ImageTemplate,
  subscriptionId: string,
  signal: AbortSignal,
): Promise<void> {
  await checkSource(dependencies, template, subscriptionId, signal);
  for (const target of template.distribute) await checkTarget(dependencies, target);
}

async function checkSource(
  { store, hasPlatformImage }: Dependencies,
  template: ImageTemplate,
  subscriptionId: string,
  signal: AbortSignal,
): Promise<void> {
  const { source } = template;
  switch (source.type) {
    case 'PlatformImage':
      if (await hasPlatformImage(source, signal)) return;
      throw refusal(
        'BadPIRSource',
        `The platform image '${source.publisher}:${source.offer}:${source.sku}:${source.version}' was not found`,
      );
    case 'ManagedImage': {
      const code = 'BadManagedImageSource';
      const image = await store.resources.get(source.imageId);
      if (image === undefined) throw refusal(code, `The managed image ${source.imageId} was not found`);
      if (image.subscriptionId.toLowerCase() !== subscriptionId.toLowerCase()) {
        throw refusal(
          code,
          `The managed image ${source.imageId} is in another subscription than the template`,
        );
      }
      if (locationName(image.location ?? '') === template.location) return;
      throw refusal(
        code,
        `The managed image ${source.imageId} is in ${image.location ?? 'no region'}, the template in ${template.location}`,
      );
    }
    default:
      await requireGalleryVersion({ store }, source);
  }
}

async function requireGalleryVersion(
  { store }: Pick<Dependencies, 'store'>,
  { imageVersionId }: Extract<Source, { type: 'SharedImageVersion' }>,
): Promise<void> {
  const isLatest = imageVersionId.endsWith('/latest');
  const found = isLatest
    ? (await store.resources.count({ under: imageVersionId.replace(/\/versions\/latest$/i, '') })) > 0
    : (await store.resources.get(imageVersionId)) !== undefined;
  if (found) return;
  const what = isLatest ? 'No version was found for' : 'The image version was not found:';
  throw refusal('BadSharedImageVersionSource', `${what} ${imageVersionId}`);
}

async function checkTarget({ store }: Dependencies, target: Target): Promise<void> {
  switch (target.type) {
    case 'VHD':
      return;
    case 'ManagedImage': {
      const group = groupOf(target.imageId);
      if (group === undefined || (await store.resources.get(group)) === undefined) {
        throw refusal('Other', `The resource group of the managed image ${target.imageId} was not found`);
      }
      const image = await store.resources.get(target.imageId);
      if (image === undefined || locationName(image.location ?? '') === target.location) return;
      throw refusal(
        'Other',
        `The managed image ${target.imageId} exists in ${image.location ?? 'no region'}, not in ${target.location}`,
      );
    }
    default: {
      const definition = await store.resources.get(target.imageDefinitionId);
      if (definition === undefined) {
        throw refusal(
          'BadSharedImageDistribute',
          `The image definition ${target.imageDefinitionId} was not found`,
        );
      }
      if (target.explicitVersion === undefined) return;
      const id = `${definition.id}/versions/${target.explicitVersion}`;
      if ((await store.resources.get(id)) === undefined) return;
      throw refusal('BadSharedImageDistribute', `The image version ${id} exists already`);
    }
  }
}

/** Id of the group that `id` is in. */
function groupOf(id: string): string | undefined {
  const parsed = parseResourceId(id);
  return parsed.ok ? groupId(parsed.id) : undefined;
}

function groupId({ subscriptionId, resourceGroup }: ResourceId): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
}

function refusal(code: ProvisioningErrorCode, message: string): SubmissionError {
  return new SubmissionError(code, `${message}.`);
}
