/** The bytes of an image whose resource goes. */
import { isGoldsmithError } from '../../model/errors.ts';
import type { ComputeDeps } from './compute-deps.ts';
import { asArmError } from './compute-errors.ts';

/** Takes the name out of the image store; a build that reads the bytes keeps them until it has ended. */
export function removeBytes(deps: Pick<ComputeDeps, 'openImages'>, id: string): void {
  using images = deps.openImages();
  try {
    images.remove(id);
  } catch (error) {
    if (!isGoldsmithError(error, 'SourceNotFound')) throw asArmError(error);
  }
  images.collectGarbage();
}
