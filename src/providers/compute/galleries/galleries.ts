/** `Microsoft.Compute/galleries`. */
import { z } from 'zod';
import { optional, readOnly } from '../../../arm/wire/scalars.ts';
import { plainJson } from '../../../model/json.ts';
import { documentType } from '../../arm/document-type.ts';
import type { ResourceTypeDefinition } from '../../resource-provider.ts';
import { COMPUTE, DEFINITION_TYPE, galleryVersions, type ComputeDeps } from '../compute-deps.ts';
import { hasNestedResources, invalidParameter } from '../compute-errors.ts';

const body = z.object({
  identity: optional(z.looseObject({})),
  properties: optional(
    z.object({
      description: optional(z.string().max(4096)),
      identifier: readOnly,
      sharingProfile: optional(z.looseObject({ permissions: optional(z.string()) })),
      softDeletePolicy: optional(z.looseObject({})),
    }),
  ),
});

/** Naming rules of Azure, `Microsoft.Compute/galleries`. */
const galleryName = /^(?=.{1,80}$)[A-Za-z0-9]([A-Za-z0-9_.]*[A-Za-z0-9])?$/;

export function galleries({ store, now }: ComputeDeps): ResourceTypeDefinition {
  return documentType({
    ...{ store, now, body, namespace: COMPUTE, type: 'galleries', location: 'regional' },
    apiVersions: galleryVersions,
    complete: ({ request, body: { identity, properties } }) => {
      const { subscriptionId = '', names } = request.target;
      const [name = ''] = names;
      if (!galleryName.test(name)) {
        throw invalidParameter(
          'galleryName',
          'The name of a gallery has at most 80 letters, digits, underscores and dots, and begins and ends with a letter or digit.',
        );
      }
      const { description, sharingProfile, softDeletePolicy } = properties ?? {};
      return {
        ...(identity === undefined ? {} : { identity: plainJson(identity) }),
        properties: {
          ...plainJson({ description, sharingProfile, softDeletePolicy }),
          identifier: { uniqueName: `${subscriptionId}-${name.toUpperCase()}` },
        },
      };
    },
    removing: async ({ resources }, record) => {
      const parts = await resources.list({ under: record.id, type: DEFINITION_TYPE }, { limit: 1 });
      if (parts.items.length > 0) throw hasNestedResources();
    },
  });
}
