/** Taking names away. */
import { rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { GoldsmithError } from '../../model/errors.ts';
import type { ImageRef } from '../image-ref.ts';
import { encodePart, foldName } from '../path-part.ts';
import { definitionOf, parseImageResourceId, type ImageDefinitionId } from '../resource-ids.ts';
import { displayName, findImage, formatRef } from './find-images.ts';
import { definitionFolder, managedImageFile, platformSkuFolder, type StoreLayout } from './layout.ts';
import type { ImageDefinitionRecord, ImageRecord } from './records.ts';
import { hasCode } from './record-files.ts';

/**
 * Removes the one named image that `ref` means, or an image definition that has no versions. `latest` is
 * not accepted: what it means may change between looking and removing.
 * @returns the id or URN removed.
 * @throws GoldsmithError `SourceNotFound`, `BadUsage`, `Conflict` for a definition with versions.
 */
export function removeImage(
  layout: StoreLayout,
  images: readonly ImageRecord[],
  definitions: readonly ImageDefinitionRecord[],
  ref: ImageRef,
): string {
  if (ref.kind === 'id' && ref.id.kind === 'ImageDefinition') return removeDefinition(layout, ref.id);
  if (ref.kind === 'gallery' && ref.version === undefined) {
    return removeDefinition(layout, findDefinition(definitions, ref.gallery, ref.definition));
  }
  if (foldName(versionIn(ref) ?? '') === 'latest') {
    throw new GoldsmithError('BadUsage', `Say which version of "${formatRef(ref)}" to remove`);
  }
  const image = findImage(images, ref);
  const names = images.filter((other) => other.digest === image.digest).map(displayName);
  if (ref.kind === 'digest' && names.length > 1) {
    throw new GoldsmithError('BadUsage', `Several images have this content: ${names.join(', ')}`);
  }
  rmSync(fileOf(layout, image), { force: true });
  return displayName(image);
}

function versionIn(ref: ImageRef): string | undefined {
  if (ref.kind === 'urn') return ref.urn.version;
  if (ref.kind === 'gallery') return ref.version;
  return ref.kind === 'id' && ref.id.kind === 'GalleryVersion' ? ref.id.version : undefined;
}

function fileOf(layout: StoreLayout, image: ImageRecord): string {
  if (image.kind === 'PlatformImage') {
    return join(platformSkuFolder(layout, image), `${encodePart(image.version)}.json`);
  }
  const id = parseImageResourceId(image.id);
  if (id?.kind === 'ManagedImage') return managedImageFile(layout, id);
  if (id?.kind === 'GalleryVersion') {
    return join(definitionFolder(layout, definitionOf(id)), 'versions', `${id.version}.json`);
  }
  throw new GoldsmithError('Internal', `The stored image has a bad id: ${image.id}`);
}

function findDefinition(
  definitions: readonly ImageDefinitionRecord[],
  gallery: string,
  definition: string,
): ImageDefinitionId {
  const [first, ...more] = definitions.filter(
    (record) =>
      foldName(record.gallery) === foldName(gallery) && foldName(record.definition) === foldName(definition),
  );
  const id = first === undefined ? undefined : parseImageResourceId(first.id);
  if (id?.kind !== 'ImageDefinition') {
    throw new GoldsmithError('SourceNotFound', `There is no image definition "${gallery}/${definition}"`);
  }
  if (more.length > 0) {
    throw new GoldsmithError(
      'BadUsage',
      `"${gallery}/${definition}" names several image definitions; use the ARM id`,
    );
  }
  return id;
}

function removeDefinition(layout: StoreLayout, id: ImageDefinitionId): string {
  const name = `${id.gallery}/${id.definition}`;
  const folder = definitionFolder(layout, id);
  try {
    rmdirSync(join(folder, 'versions'));
  } catch (error) {
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST')) {
      throw new GoldsmithError('Conflict', `The image definition "${name}" has versions`, {
        hint: 'Remove its versions first.',
      });
    }
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  try {
    rmSync(join(folder, 'definition.json'));
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    throw new GoldsmithError('SourceNotFound', `There is no image definition "${name}"`, { cause: error });
  }
  return name;
}
