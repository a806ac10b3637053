/** `Microsoft.Features`: preview features of a subscription, as `az feature` lists and registers them. */
import { ArmError } from '../../arm/arm-error.ts';
import type { SettingsRepository } from '../../store/store.ts';
import type { ArmReply, ArmRequest, ProviderRoute, ResourceProvider } from '../resource-provider.ts';
import {
  featureState,
  knownFeatures,
  setFeatureState,
  type Feature,
  type FeatureState,
} from './feature-state.ts';

const namespace = 'Microsoft.Features';
const apiVersions = ['2021-07-01', '2015-12-01', '2014-08-01-preview'];
const all = `/subscriptions/{subscriptionId}/providers/${namespace}/features`;
const ofNamespace = `/subscriptions/{subscriptionId}/providers/${namespace}/providers/{namespace}/features`;

export function createFeaturesProvider(deps: {
  readonly settings: Pick<SettingsRepository, 'get' | 'put'>;
}): ResourceProvider {
  const { settings } = deps;
  const show = async (request: ArmRequest, feature: Feature): Promise<object> =>
    wire(request, feature, await featureState(settings, subscriptionOf(request), feature));
  const list = async (request: ArmRequest, features: readonly Feature[]): Promise<ArmReply> => ({
    status: 200,
    body: { value: await Promise.all(features.map(async (feature) => show(request, feature))) },
  });
  const change =
    (state: FeatureState): ProviderRoute['handler'] =>
    async (request, parameters) => {
      const feature = find(parameters);
      await setFeatureState(settings, subscriptionOf(request), feature, state);
      return { status: 200, body: wire(request, feature, state) };
    };
  const read = `${namespace}/features/read`;
  const routes: readonly ProviderRoute[] = [
    {
      method: 'GET',
      path: all,
      apiVersions,
      action: read,
      handler: async (request) => list(request, knownFeatures),
    },
    {
      ...{ method: 'GET', path: ofNamespace, apiVersions, action: read },
      handler: async (request, parameters) =>
        list(
          request,
          knownFeatures.filter((feature) => sameWord(feature.namespace, parameters['namespace'])),
        ),
    },
    {
      ...{ method: 'GET', path: `${ofNamespace}/{feature}`, apiVersions, action: read },
      handler: async (request, parameters) => ({ status: 200, body: await show(request, find(parameters)) }),
    },
    {
      ...{ method: 'POST', path: `${ofNamespace}/{feature}/register`, apiVersions },
      action: `${namespace}/providers/features/register/action`,
      handler: change('Registered'),
    },
    {
      ...{ method: 'POST', path: `${ofNamespace}/{feature}/unregister`, apiVersions },
      action: `${namespace}/providers/features/unregister/action`,
      handler: change('NotRegistered'),
    },
  ];
  const listed = ['features', 'providers'] as const;
  return {
    namespace,
    registeredByDefault: true,
    routes,
    types: listed.map((type) => ({ type, apiVersions, location: 'global', scope: 'subscription' })),
  };
}

function find(parameters: Readonly<Record<string, string>>): Feature {
  const found = knownFeatures.find(
    (feature) =>
      sameWord(feature.namespace, parameters['namespace']) && sameWord(feature.name, parameters['feature']),
  );
  if (found !== undefined) return found;
  const { namespace = '', feature = '' } = parameters;
  throw new ArmError(
    404,
    'FeatureNotFound',
    `The feature '${feature}' could not be found in the namespace '${namespace}'.`,
  );
}

function wire(request: ArmRequest, { namespace: owner, name }: Feature, state: FeatureState): object {
  return {
    properties: { state },
    id: `/subscriptions/${subscriptionOf(request)}/providers/${namespace}/providers/${owner}/features/${name}`,
    type: `${namespace}/providers/features`,
    name: `${owner}/${name}`,
  };
}

function subscriptionOf({ target }: ArmRequest): string {
  return target.subscriptionId ?? '';
}

function sameWord(a: string, b: string | undefined): boolean {
  return a.toLowerCase() === b?.toLowerCase();
}
