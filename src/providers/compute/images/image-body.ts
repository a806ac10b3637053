/** What a managed image is on the wire (`Microsoft.Compute/images`). */
import { z } from 'zod';
import { optional, readOnly } from '../../../arm/wire/scalars.ts';
import { tags } from '../../../arm/wire/template/resource.ts';
import type { ImageFacts } from '../../../model/image.ts';
import { plainJson, type JsonObject } from '../../../model/json.ts';
import { GIB } from '../../../model/sizes.ts';

const reference = z.object({ id: z.string().max(2048) });

const osDisk = z.object({
  osType: z.enum(['Windows', 'Linux']),
  osState: z.enum(['Generalized', 'Specialized']),
  blobUri: optional(z.string().max(2048)),
  managedDisk: optional(reference),
  snapshot: optional(reference),
  caching: optional(z.enum(['None', 'ReadOnly', 'ReadWrite'])),
  diskSizeGB: optional(z.int().min(1)),
  storageAccountType: optional(z.string().max(64)),
  diskEncryptionSet: readOnly,
});

export const imageBody = z.object({
  location: z.string().max(100),
  tags: optional(tags),
  extendedLocation: readOnly,
  properties: z.object({
    sourceVirtualMachine: optional(reference),
    storageProfile: optional(
      z.object({
        osDisk: optional(osDisk),
        dataDisks: optional(z.array(z.looseObject({}))),
        zoneResilient: optional(z.boolean()),
      }),
    ),
    hyperVGeneration: optional(z.enum(['V1', 'V2'])),
    provisioningState: readOnly,
  }),
});

export type ImageProperties = z.output<typeof imageBody>['properties'];

/** `properties` of an image as they are stored, without `provisioningState`. */
export function imageProperties(given: ImageProperties): JsonObject {
  return plainJson({
    storageProfile: {
      osDisk: { caching: 'ReadWrite', storageAccountType: 'Standard_LRS', ...given.storageProfile?.osDisk },
      dataDisks: [],
      zoneResilient: given.storageProfile?.zoneResilient ?? false,
    },
    hyperVGeneration: given.hyperVGeneration ?? 'V1',
    provisioningState: undefined,
  });
}

/** `properties` of an image that a build made. */
export function publishedImageProperties(
  facts: Pick<ImageFacts, 'osType' | 'generation' | 'virtualSizeBytes'>,
): JsonObject {
  const { osType, generation, virtualSizeBytes } = facts;
  const diskSizeGB = Math.ceil(virtualSizeBytes / GIB);
  return {
    ...imageProperties({
      storageProfile: { osDisk: { osType, osState: 'Generalized', diskSizeGB } },
      hyperVGeneration: generation,
    }),
    provisioningState: 'Succeeded',
  };
}
