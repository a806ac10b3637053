/** The user-assigned identities that a template names: they must exist, and whoever names one must have the right to. */
import { ArmError } from '../../../arm/arm-error.ts';
import { resourceIdForms } from '../../../arm/known-resource-ids.ts';
import type { ImageTemplate } from '../../../model/image-template.ts';
import { isJsonObject, type JsonObject } from '../../../model/json.ts';
import type { ResourceRecord } from '../../../store/records.ts';
import { linkedAuthorizationFailed } from '../../authorization/linked-authorization.ts';
import type { ArmRequest } from '../../resource-provider.ts';
import type { ImageBuilderDependencies } from '../dependencies.ts';
import { propertiesOf } from '../template-record.ts';

export const assignAction = 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action';

/**
 * `identity` as the wire shows it, with the ids of principal and client.
 * @throws ArmError 400 `FailedIdentityOperation` for an identity that is not there, 403 `LinkedAuthorizationFailed`
 *   when the caller may not assign it.
 */
export async function resolveIdentity(
  { store, access }: Pick<ImageBuilderDependencies, 'store' | 'access'>,
  request: ArmRequest,
  { identity }: Pick<ImageTemplate, 'identity'>,
): Promise<JsonObject> {
  const resolved: [string, JsonObject][] = [];
  for (const id of identity.userAssignedIdentities) {
    const record = await store.resources.get(id);
    if (record === undefined) throw identityNotFound(request, id);
    if (!(await access.allowed(request.principal, assignAction, record.id))) {
      throw linkedAuthorizationFailed(request, assignAction, record.id);
    }
    resolved.push([id, principalsOf(record)]);
  }
  if (resolved.length === 0) return { type: identity.type };
  return { type: identity.type, userAssignedIdentities: Object.fromEntries(resolved) };
}

/** Object id of the template's identity, as it was when it was assigned; undefined for a template without one. */
export function principalIn(body: JsonObject): string | undefined {
  const { identity } = body;
  if (!isJsonObject(identity) || !isJsonObject(identity['userAssignedIdentities'])) return undefined;
  const [first] = Object.values(identity['userAssignedIdentities']);
  return isJsonObject(first) && typeof first['principalId'] === 'string' ? first['principalId'] : undefined;
}

function principalsOf(record: ResourceRecord): JsonObject {
  const { principalId, clientId } = propertiesOf(record);
  return {
    ...(typeof principalId === 'string' ? { principalId } : {}),
    ...(typeof clientId === 'string' ? { clientId } : {}),
  };
}

function identityNotFound({ target }: ArmRequest, id: string): ArmError {
  return new ArmError(
    400,
    'FailedIdentityOperation',
    `Identity operation for resource '${target.id}' failed with error 'Failed to perform resource identity operation. Status: 'BadRequest'. Response: 'Resource '${id}' was not found.''. Expected ${resourceIdForms.identity}.`,
    { target: '$.identity.userAssignedIdentities' },
  );
}
