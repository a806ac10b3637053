/** What an image definition is on the wire (`Microsoft.Compute/galleries/images`). */
import { z } from 'zod';
import { optional, readOnly } from '../../../arm/wire/scalars.ts';
import type { Generation, OsType } from '../../../model/image-template.ts';
import type { ResourceRecord } from '../../../store/records.ts';
import { propertiesOf } from '../stored-fields.ts';

const word = z.string().min(1).max(128);
const range = z.object({ min: optional(z.int()), max: optional(z.int()) });
const feature = z.object({
  name: word,
  value: z.string().max(1024),
  startsAtVersion: optional(z.string()),
});

export const definitionBody = z.object({
  properties: z.object({
    description: optional(z.string().max(4096)),
    eula: optional(z.string().max(4096)),
    privacyStatementUri: optional(z.string().max(2048)),
    releaseNoteUri: optional(z.string().max(2048)),
    osType: z.enum(['Windows', 'Linux']),
    osState: z.enum(['Generalized', 'Specialized']),
    hyperVGeneration: optional(z.enum(['V1', 'V2'])),
    architecture: optional(z.enum(['x64', 'Arm64'])),
    endOfLifeDate: optional(z.string().max(64)),
    identifier: z.object({ publisher: word, offer: word, sku: word }),
    recommended: optional(z.object({ vCPUs: optional(range), memory: optional(range) })),
    disallowed: optional(z.object({ diskTypes: optional(z.array(z.string())) })),
    purchasePlan: optional(
      z.object({ name: optional(word), publisher: optional(word), product: optional(word) }),
    ),
    features: optional(z.array(feature).max(50)),
    allowUpdateImage: optional(z.boolean()),
    provisioningState: readOnly,
  }),
});

export type DefinitionProperties = z.output<typeof definitionBody>['properties'];

/** What an image must be to become a version of the definition. */
export interface DefinitionTraits {
  readonly osType: OsType;
  readonly generation: Generation;
  readonly architecture: 'x64' | 'Arm64';
  readonly osState: 'Generalized' | 'Specialized';
}

/** Traits of a stored definition; they were checked when it was written. */
export function traitsOfDefinition(record: Pick<ResourceRecord, 'body'>): DefinitionTraits {
  const properties = propertiesOf(record);
  return {
    osType: properties['osType'] === 'Windows' ? 'Windows' : 'Linux',
    generation: properties['hyperVGeneration'] === 'V2' ? 'V2' : 'V1',
    architecture: properties['architecture'] === 'Arm64' ? 'Arm64' : 'x64',
    osState: properties['osState'] === 'Specialized' ? 'Specialized' : 'Generalized',
  };
}
