/** The image that a new image is made from, when it is one of this service. */
import type { ArmError } from '../../arm/arm-error.ts';
import { isGoldsmithError } from '../../model/errors.ts';
import type { ImageFacts } from '../../model/image.ts';
import { parseImageResourceId } from '../../images/resource-ids.ts';
import type { ImageStore } from '../../images/store/image-store.ts';
import { sourceNotFound } from './compute-errors.ts';

/**
 * Opens a managed image, an image version or the latest version of a definition.
 * @throws ArmError 404 when the id names no such image.
 */
export async function openStoredSource(images: ImageStore, id: string): Promise<ImageFacts> {
  const missing = (): ArmError => sourceNotFound(id);
  if (parseImageResourceId(id) === undefined) throw missing();
  try {
    return await images.open(images.find(id));
  } catch (error) {
    if (isGoldsmithError(error, 'SourceNotFound')) throw missing();
    throw error;
  }
}
