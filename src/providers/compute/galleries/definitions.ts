/**
 * `Microsoft.Compute/galleries/images`: image definitions. The image store is told of each, so that the build
 * engine publishes no version that does not fit.
 */
import { plainJson, type JsonObject } from '../../../model/json.ts';
import { isGoldsmithError } from '../../../model/errors.ts';
import { parseImageResourceId } from '../../../images/resource-ids.ts';
import type { ResourceRecord } from '../../../store/records.ts';
import { documentType, type DocumentWrite } from '../../arm/document-type.ts';
import type { ResourceTypeDefinition } from '../../resource-provider.ts';
import { COMPUTE, galleryVersions, VERSION_TYPE, type ComputeDeps } from '../compute-deps.ts';
import {
  asArmError,
  hasNestedResources,
  invalidParameter,
  propertyChangeNotAllowed,
} from '../compute-errors.ts';
import { propertiesOf } from '../stored-fields.ts';
import { definitionBody, traitsOfDefinition, type DefinitionProperties } from './definition-body.ts';

export function imageDefinitions(deps: ComputeDeps): ResourceTypeDefinition {
  const { store, now } = deps;
  return documentType({
    ...{ store, now, body: definitionBody, namespace: COMPUTE, type: 'galleries/images' },
    apiVersions: galleryVersions,
    location: 'regional',
    complete: (write) => completeDefinition(deps, write),
    removing: async ({ resources }, record) => {
      const parts = await resources.list({ under: record.id, type: VERSION_TYPE }, { limit: 1 });
      if (parts.items.length > 0) throw hasNestedResources();
      forget(deps, record);
    },
  });
}

/** Naming rules of Azure, `Microsoft.Compute/galleries/images`. */
const definitionName = /^(?=.{1,80}$)[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/;
/** Azure takes nothing else in the values of features. */
const featureValue = /^[A-Za-z0-9 ,]{1,100}$/;

function completeDefinition(
  deps: ComputeDeps,
  { request, body, location, before }: DocumentWrite<{ properties: DefinitionProperties }>,
): JsonObject {
  const name = request.target.names.at(-1) ?? '';
  if (!definitionName.test(name)) {
    throw invalidParameter(
      'galleryImageName',
      'The name of an image definition has at most 80 letters, digits, underscores, dots and hyphens, and begins and ends with a letter or digit.',
    );
  }
  const given = body.properties;
  if (given.features?.some(({ value }) => !featureValue.test(value)) === true) {
    throw invalidParameter(
      'galleryImage.properties.features',
      'The value of a feature has at most 100 letters, digits, spaces and commas.',
    );
  }
  const properties = plainJson({
    ...given,
    hyperVGeneration: given.hyperVGeneration ?? 'V1',
    architecture: given.architecture ?? 'x64',
    provisioningState: undefined,
  });
  if (before !== undefined) requireSame(propertiesOf(before), properties);
  tellImageStore(deps, request.target.id, location ?? '', { properties });
  return { properties };
}

/** What an image is never changes; what people read about it may. */
function requireSame(before: JsonObject, after: JsonObject): void {
  for (const name of ['osType', 'osState', 'hyperVGeneration', 'architecture', 'identifier']) {
    if (JSON.stringify(before[name]) === JSON.stringify(after[name])) continue;
    throw propertyChangeNotAllowed(`galleryImage.properties.${name}`);
  }
}

function tellImageStore(deps: ComputeDeps, id: string, location: string, body: JsonObject): void {
  const parsed = parseImageResourceId(id);
  const { osState, ...traits } = traitsOfDefinition({ body });
  // Builds make generalized images only; a definition of specialized ones has no place for them.
  if (parsed?.kind !== 'ImageDefinition' || osState === 'Specialized') return;
  using images = deps.openImages();
  try {
    images.defineImage({ id: parsed, location, ...traits });
  } catch (error) {
    throw asArmError(error);
  }
}

function forget(deps: ComputeDeps, record: ResourceRecord): void {
  using images = deps.openImages();
  try {
    images.remove(record.id);
  } catch (error) {
    if (!isGoldsmithError(error, 'SourceNotFound')) throw asArmError(error);
  }
}
