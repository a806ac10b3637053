/** A provider with one of each kind of thing, for tests of the server. */
import { z } from 'zod';
import { ArmError } from '../../arm/arm-error.ts';
import { optional, readOnly } from '../../arm/wire/scalars.ts';
import { documentType } from '../../providers/arm/document-type.ts';
import { acceptedHeaders, startOperation } from '../../providers/arm/long-running.ts';
import type { ResourceProvider } from '../../providers/resource-provider.ts';
import type { Store } from '../../store/store.ts';

export const widgetVersions = ['2024-01-01', '2023-01-01'];
const namespace = 'Microsoft.Widgets';

export function createWidgetProvider(store: Store): ResourceProvider {
  const common = { store, namespace, apiVersions: widgetVersions, now: () => new Date() } as const;
  const properties = z.object({ size: z.number(), color: optional(z.string()), provisioningState: readOnly });
  return {
    namespace,
    registeredByDefault: true,
    unwrappedErrors: ['2023-01-01'],
    types: [
      {
        ...documentType({ ...common, type: 'widgets', location: 'regional', body: z.object({ properties }) }),
        actions: {
          polish: async (request) => {
            const operation = await startOperation(store, request, {
              ...{ namespace, location: 'westus2', resourceId: request.target.id, kind: 'widgets/polish' },
            });
            return { status: 202, headers: acceptedHeaders(request, operation) };
          },
          fail: async () => {
            throw new ArmError(418, 'Teapot', 'It is one.');
          },
          crash: async () => {
            throw new Error('a secret of the inside');
          },
        },
      },
      documentType({ ...common, type: 'widgets/parts', location: 'global', body: z.object({ properties }) }),
      documentType({
        ...{ ...common, type: 'gadgets', location: 'regional', style: 'operation', patch: 'tags' },
        body: z.object({ properties }),
      }),
      documentType({
        ...{ ...common, type: 'notes', location: 'global', scope: 'extension' },
        body: z.object({ properties: z.object({ text: z.string() }) }),
      }),
    ],
    routes: [
      {
        method: 'GET',
        path: `/subscriptions/{subscriptionId}/providers/${namespace}/locations/{location}/colors`,
        apiVersions: widgetVersions,
        action: `${namespace}/locations/colors/read`,
        handler: async (_request, { location = '' }) => ({ status: 200, body: { location } }),
      },
    ],
    operations: [
      {
        name: `${namespace}/widgets/read`,
        display: {
          provider: 'Widgets',
          resource: 'Widget',
          operation: 'Read',
          description: 'Reads a widget',
        },
      },
    ],
  };
}

/** Not usable before it is registered. */
export const gatedProvider: ResourceProvider = {
  namespace: 'Microsoft.Gated',
  registeredByDefault: false,
  types: [
    {
      ...{ type: 'gates', apiVersions: ['2024-01-01'], location: 'regional' },
      listInSubscription: async () => ({ status: 200, body: { value: [] } }),
    },
  ],
};

/** What the store keeps of a resource group, as far as the server looks at it. */
export async function addGroup(store: Store, subscriptionId: string, name: string): Promise<void> {
  const at = '2026-01-01T00:00:00.000Z';
  await store.resources.insert({
    id: `/subscriptions/${subscriptionId}/resourceGroups/${name}`,
    ...{ type: 'Microsoft.Resources/resourceGroups', name, subscriptionId, resourceGroup: name },
    ...{ location: 'westus2', tags: {}, body: {}, secret: undefined },
    ...{
      createdAt: at,
      createdBy: 'x',
      createdByType: 'User',
      changedAt: at,
      changedBy: 'x',
      changedByType: 'User',
    },
  });
}
