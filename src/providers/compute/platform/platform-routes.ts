/** `…/locations/{location}/publishers/…/artifacttypes/vmimage/…` of Azure Compute. */
import { ArmError } from '../../../arm/arm-error.ts';
import { requireLocation } from '../../arm/locations.ts';
import { queryParameter } from '../../arm/paging.ts';
import type { ArmReply, ArmRequest, ProviderRoute } from '../../resource-provider.ts';
import { computeVersions, type ComputeDeps } from '../compute-deps.ts';
import { invalidParameter } from '../compute-errors.ts';
import { matching, platformVersions, type PlatformVersion } from './platform-images.ts';

const root = '/subscriptions/{subscriptionId}/providers/Microsoft.Compute/locations/{location}/publishers';
const offers = `${root}/{publisher}/artifacttypes/vmimage/offers`;
const skus = `${offers}/{offer}/skus`;
const versions = `${skus}/{sku}/versions`;

type Parameters = Readonly<Record<string, string>>;
type Level = 'publisher' | 'offer' | 'sku';

export function platformRoutes(deps: ComputeDeps): readonly ProviderRoute[] {
  const route = (
    path: string,
    action: string,
    answer: (request: ArmRequest, parameters: Parameters) => ArmReply,
  ): ProviderRoute => ({
    method: 'GET',
    ...{ path, action: `Microsoft.Compute/${action}/read`, apiVersions: computeVersions },
    handler: async (request, parameters) => {
      requireLocation(parameters['location'], 'publishers');
      return answer(request, parameters);
    },
  });
  const listNames = (level: Level) => (request: ArmRequest, parameters: Parameters) => {
    const found = matching(platformVersions(deps), namesIn(parameters));
    if (found.length === 0 && level !== 'publisher') throw notFound();
    const names = new Map(found.map((image) => [image[level].toLowerCase(), image[level]]));
    return {
      status: 200,
      body: [...names.values()].toSorted().map((name) => item(request, parameters, name)),
    };
  };
  return [
    route(root, 'locations/publishers', listNames('publisher')),
    route(offers, 'locations/publishers/artifacttypes/offers', listNames('offer')),
    route(skus, 'locations/publishers/artifacttypes/offers/skus', listNames('sku')),
    route(versions, 'locations/publishers/artifacttypes/offers/skus/versions', (request, parameters) =>
      listVersions(deps, request, parameters),
    ),
    route(
      `${versions}/{version}`,
      'locations/publishers/artifacttypes/offers/skus/versions',
      (request, parameters) => {
        const { version = '' } = parameters;
        const [image] = matching(platformVersions(deps), { ...namesIn(parameters), version });
        if (image === undefined) throw notFound();
        const body = { ...item(request, parameters, image.version), properties: propertiesOf(image) };
        return { status: 200, body: { ...body, id: request.url.pathname } };
      },
    ),
  ];
}

function listVersions(deps: ComputeDeps, request: ArmRequest, parameters: Parameters): ArmReply {
  const found = matching(platformVersions(deps), namesIn(parameters));
  if (found.length === 0) throw notFound();
  const order = queryParameter(request.url, '$orderby')?.trim().toLowerCase() ?? 'name asc';
  const ordered = /^name\s+desc$/.test(order) ? found.toReversed() : found;
  const expanded = queryParameter(request.url, '$expand')?.toLowerCase() === 'properties';
  const body = ordered.slice(0, topOf(request)).map((image) => ({
    ...item(request, parameters, image.version),
    ...(expanded ? { properties: propertiesOf(image) } : {}),
  }));
  return { status: 200, body };
}

function namesIn({ publisher, offer, sku }: Parameters): Partial<Record<Level, string>> {
  return {
    ...(publisher === undefined ? {} : { publisher }),
    ...(offer === undefined ? {} : { offer }),
    ...(sku === undefined ? {} : { sku }),
  };
}

function item(request: ArmRequest, { location = '' }: Parameters, name: string): object {
  return { location: location.toLowerCase(), name, id: `${request.url.pathname}/${name}` };
}

function propertiesOf(image: PlatformVersion): object {
  return {
    hyperVGeneration: image.generation,
    architecture: image.architecture,
    osDiskImage: { operatingSystem: image.osType },
    dataDiskImages: [],
    features: [],
    automaticOSUpgradeProperties: { automaticOSUpgradeSupported: false },
    imageDeprecationStatus: { imageState: 'Active' },
  };
}

function topOf({ url }: ArmRequest): number | undefined {
  const top = queryParameter(url, '$top');
  if (top === undefined) return undefined;
  if (!/^\d{1,9}$/.test(top))
    throw invalidParameter('$top', `The value '${top.slice(0, 40)}' is not a number.`);
  return Number(top);
}

function notFound(): ArmError {
  return new ArmError(404, 'NotFound', 'Artifact: VMImage was not found.');
}
