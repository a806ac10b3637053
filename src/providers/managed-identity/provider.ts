/** `Microsoft.ManagedIdentity`: user-assigned identities. Their ids are made once and never change. */
import { z } from 'zod';
import { optional, readOnly } from '../../arm/wire/scalars.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { Store } from '../../store/store.ts';
import { ArmError } from '../../arm/arm-error.ts';
import { documentType } from '../arm/document-type.ts';
import { wireOf } from '../arm/wire-of.ts';
import { describeOperations } from '../resources/describe-operations.ts';
import type { ResourceProvider } from '../resource-provider.ts';

export interface ManagedIdentityDeps {
  readonly store: Store;
  readonly now: () => Date;
  /** A new GUID. */
  readonly newId: () => string;
}

const apiVersions = [
  '2025-01-31-preview',
  '2024-11-30',
  '2023-07-31-preview',
  '2023-01-31',
  '2022-01-31-preview',
  '2021-09-30-preview',
  '2018-11-30',
  '2015-08-31-preview',
];

const body = z.object({
  properties: optional(
    z.object({
      isolationScope: optional(z.enum(['None', 'Regional'])),
      tenantId: readOnly,
      principalId: readOnly,
      clientId: readOnly,
    }),
  ),
});

export function createManagedIdentityProvider({ store, now, newId }: ManagedIdentityDeps): ResourceProvider {
  return {
    namespace: 'Microsoft.ManagedIdentity',
    registeredByDefault: true,
    types: [
      documentType({
        ...{ store, now, apiVersions, body },
        namespace: 'Microsoft.ManagedIdentity',
        type: 'userAssignedIdentities',
        location: 'regional',
        provisioningState: false,
        complete: ({ request, body: { properties = {} }, before }): JsonObject => {
          requireName(before?.name ?? request.target.names.at(-1) ?? '');
          const old = isJsonObject(before?.body['properties']) ? before.body['properties'] : {};
          const { isolationScope } = properties;
          return {
            properties: {
              ...(isolationScope === undefined ? {} : { isolationScope }),
              tenantId: old['tenantId'] ?? request.principal.tenantId,
              principalId: old['principalId'] ?? newId(),
              clientId: old['clientId'] ?? newId(),
            },
          };
        },
        toWire: (record, { apiVersion }) =>
          wireOf(record, { systemData: hasSystemData(apiVersion), emptyTags: true }),
      }),
    ],
    operations: describeOperations('Microsoft Managed Identity', {
      'Microsoft.ManagedIdentity/userAssignedIdentities': [
        'user assigned identity',
        ...(['read', 'write', 'delete', 'assign/action'] as const),
      ],
    }),
  };
}

/** Since the first version that documents it. */
function hasSystemData(apiVersion: string): boolean {
  return apiVersion >= '2021-09-30';
}

/** Azure's rule for names: 3 to 128 letters, digits, hyphens and underscores, the first a letter or digit. */
function requireName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$/.test(name)) return;
  throw new ArmError(
    400,
    'InvalidResourceName',
    `The name '${name.slice(0, 128)}' of the identity is invalid. It has 3 to 128 letters, digits, hyphens and underscores, and starts with a letter or digit.`,
  );
}
