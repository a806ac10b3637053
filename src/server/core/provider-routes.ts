/** `/providers`: documents, registration and the operations that each namespace knows. */
import type { ArmReply, ArmRequest, ProviderRoute } from '../../providers/resource-provider.ts';
import { invalidNamespace } from '../arm/front-errors.ts';
import type { Registry } from '../arm/registry.ts';
import type { RegistrationState, Subscriptions } from '../directory/subscriptions.ts';
import { providerVersions } from './core-versions.ts';
import { providerDocument } from './provider-documents.ts';

export interface ProviderRouteDeps {
  /** Asked for at the first request: the registry holds these routes itself. */
  readonly registry: () => Registry;
  readonly subscriptions: Subscriptions;
}

const inSubscription = '/subscriptions/{subscriptionId}/providers';
const read = 'Microsoft.Resources/subscriptions/providers/read';

export function providerRoutes(deps: ProviderRouteDeps): readonly ProviderRoute[] {
  const { registry, subscriptions } = deps;
  const show = async (key: string, subscriptionId: string | undefined): Promise<object> => {
    const state =
      subscriptionId === undefined ? undefined : await subscriptions.registration(subscriptionId, key);
    const document = providerDocument(registry(), key.toLowerCase(), { subscriptionId, state });
    if (document === undefined) throw invalidNamespace(key);
    return document;
  };
  const list = async (subscriptionId: string | undefined): Promise<ArmReply> => {
    const keys = [...registry().namespaces.keys()].toSorted();
    return {
      status: 200,
      body: { value: await Promise.all(keys.map(async (key) => show(key, subscriptionId))) },
    };
  };
  const change =
    (state: RegistrationState): ProviderRoute['handler'] =>
    async ({ target }, { namespace = '' }) => {
      const own = registry().namespace(namespace);
      if (own === undefined) throw invalidNamespace(namespace);
      await subscriptions.setRegistration(target.subscriptionId ?? '', own, state);
      return { status: 200, body: await show(namespace, target.subscriptionId) };
    };
  const apiVersions = providerVersions;
  return [
    {
      ...{ method: 'GET', path: '/providers', apiVersions, action: undefined },
      handler: async () => list(undefined),
    },
    {
      ...{ method: 'GET', path: '/providers/{namespace}', apiVersions, action: undefined },
      handler: async (_request, { namespace = '' }) => ({
        status: 200,
        body: await show(namespace, undefined),
      }),
    },
    {
      ...{ method: 'GET', path: '/providers/{namespace}/operations', apiVersions: [], action: undefined },
      handler: async (_request, { namespace = '' }) => operationsOf(registry(), namespace),
    },
    {
      ...{ method: 'GET', path: inSubscription, apiVersions, action: read },
      handler: async (request) => list(subscriptionOf(request)),
    },
    {
      ...{ method: 'GET', path: `${inSubscription}/{namespace}`, apiVersions, action: read },
      handler: async (request, { namespace = '' }) => ({
        status: 200,
        body: await show(namespace, subscriptionOf(request)),
      }),
    },
    {
      ...{ method: 'POST', path: `${inSubscription}/{namespace}/register`, apiVersions },
      action: 'Microsoft.Resources/subscriptions/providers/register/action',
      handler: change('Registered'),
    },
    {
      ...{ method: 'POST', path: `${inSubscription}/{namespace}/unregister`, apiVersions },
      action: 'Microsoft.Resources/subscriptions/providers/unregister/action',
      handler: change('NotRegistered'),
    },
  ];
}

function operationsOf(registry: Registry, namespace: string): ArmReply {
  const providers = registry.namespaces.get(namespace.toLowerCase());
  if (providers === undefined) throw invalidNamespace(namespace);
  const value = providers
    .flatMap((provider) => provider.operations ?? [])
    .map((operation) => ({ isDataAction: false, ...operation }));
  return { status: 200, body: { value } };
}

function subscriptionOf({ target }: ArmRequest): string {
  return target.subscriptionId ?? '';
}
