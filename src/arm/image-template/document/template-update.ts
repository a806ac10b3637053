/**
 * PATCH of an image template (reference 1.9): tags, identity, from 2023-07-01 on the targets and from 2024-02-01
 * on the build VM. Everything else of a template never changes.
 */
import { z } from 'zod';
import type { Issue } from '../../../model/issue.ts';
import { isJsonObject, type JsonObject } from '../../../model/json.ts';
import { newestApiVersion, templateWires, type ApiVersion } from '../../api-versions/supported.ts';
import { resourceIdKey } from '../../resource-id.ts';
import { checkWire } from '../../wire/check-wire.ts';
import { projectFields } from '../../wire/project-fields.ts';
import { optional, readOnly } from '../../wire/scalars.ts';
import { identityKeysAreIdentityIds, tags } from '../../wire/template/resource.ts';
import { withRules } from '../../wire/finding.ts';
import { objectIn, objectsIn, textIn } from './edit.ts';
import { mergeTargets, mergeVmProfile } from './merge-properties.ts';
import { showTemplate } from './show-template.ts';
import { documentOf, type TemplateDocument } from './template-document.ts';

export type UpdatedTemplate =
  | { readonly ok: true; readonly document: TemplateDocument }
  | { readonly ok: false; readonly issues: readonly Issue[] };

const distributeSince: ApiVersion = '2023-07-01';
const vmProfileSince: ApiVersion = '2024-02-01';

/** A value of null removes the identity. */
const identityUpdate = withRules(
  z.object({
    type: optional(z.enum(['UserAssigned', 'None'])),
    userAssignedIdentities: optional(
      z.record(z.string(), z.nullable(z.object({ principalId: readOnly, clientId: readOnly }))),
    ),
  }),
  identityKeysAreIdentityIds,
);

/**
 * `document` after the PATCH `body`; only what the template says is in the result, not what the service reports.
 * The whole is checked again, so that no update makes a template that a PUT would refuse. Never throws.
 */
export function updateTemplate(
  document: TemplateDocument,
  body: unknown,
  apiVersion: ApiVersion,
): UpdatedTemplate {
  const checked = checkWire(updateSchema(apiVersion), body, templateWires[apiVersion].fieldNames);
  if (!checked.ok) return checked;
  const fields: unknown = checked.value;
  const update = isJsonObject(fields) ? fields : {};
  const issues = [...missingTargets(document, update), ...changedProxy(document, update)];
  if (issues.length > 0) return { ok: false, issues };

  const wire = templateWires[newestApiVersion];
  const before = showTemplate(document, newestApiVersion);
  const merged = {
    ...before,
    ...('tags' in update ? { tags: update['tags'] } : {}),
    identity: mergeIdentity(objectIn(before, 'identity'), objectIn(update, 'identity')),
    properties: mergeProperties(objectIn(before, 'properties'), objectIn(update, 'properties'), apiVersion),
  };
  const accepted = wire.accept(merged);
  return accepted.ok ? { ok: true, document: documentOf(accepted.value) } : accepted;
}

function updateSchema(apiVersion: ApiVersion): z.ZodObject {
  const { distribute, vmProfile } = templateWires[apiVersion].properties.shape;
  const properties = {
    ...(apiVersion >= distributeSince && distribute instanceof z.ZodType
      ? { distribute: optional(distribute) }
      : {}),
    ...(apiVersion >= vmProfileSince && vmProfile instanceof z.ZodType ? { vmProfile } : {}),
  };
  return z.object({
    tags: optional(tags),
    identity: optional(identityUpdate),
    ...(Object.keys(properties).length === 0 ? {} : { properties: optional(z.object(properties)) }),
  });
}

function mergeProperties(before: JsonObject, update: JsonObject, apiVersion: ApiVersion): JsonObject {
  const knownTo = projectFields(templateWires[apiVersion].properties, before, 'keep');
  return {
    ...before,
    ...('distribute' in update ? { distribute: mergeTargets(before, knownTo, update) } : {}),
    ...('vmProfile' in update ? { vmProfile: mergeVmProfile(before, update) } : {}),
  };
}

/** `type: None` removes all; otherwise null removes one and an object adds one. Ids keep the case they came in. */
function mergeIdentity(before: JsonObject, update: JsonObject): JsonObject {
  const changes = objectIn(update, 'userAssignedIdentities');
  if (update['type'] === 'None') {
    const added = Object.entries(changes).filter(([, value]) => value !== null);
    return added.length === 0
      ? { type: 'None' }
      : { type: 'None', userAssignedIdentities: Object.fromEntries(added) };
  }
  const kept = new Map(
    Object.keys(objectIn(before, 'userAssignedIdentities')).map((id) => [resourceIdKey(id), id] as const),
  );
  for (const [id, value] of Object.entries(changes)) {
    const key = resourceIdKey(id);
    if (value === null) kept.delete(key);
    else if (!kept.has(key)) kept.set(key, id);
  }
  const ids = Object.fromEntries([...kept.values()].map((id) => [id, {}]));
  if (kept.size > 0) return { type: 'UserAssigned', userAssignedIdentities: ids };
  return { type: textIn(update, 'type') ?? 'None' };
}

/** Rule: a target can be changed or added, never taken away. */
function missingTargets(document: TemplateDocument, update: JsonObject): readonly Issue[] {
  const properties = objectIn(update, 'properties');
  if (!('distribute' in properties)) return [];
  const named = new Set(
    objectsIn(properties, 'distribute').map((target) => textIn(target, 'runOutputName')?.toLowerCase()),
  );
  return objectsIn(objectIn(document, 'properties'), 'distribute').flatMap((target) => {
    const name = textIn(target, 'runOutputName') ?? '';
    if (named.has(name.toLowerCase())) return [];
    const message = `Distribute target with Runoutput name ${name} not found in the update request. Deleting a distribution target is not allowed.`;
    return [{ path: '$.properties.distribute', code: 'MissingTarget', message }];
  });
}

/** Rule: the size of the proxy VM is not among the fields that may change. */
function changedProxy(document: TemplateDocument, update: JsonObject): readonly Issue[] {
  const networkOf = (from: JsonObject) =>
    objectIn(objectIn(objectIn(from, 'properties'), 'vmProfile'), 'vnetConfig');
  const wanted = networkOf(update)['proxyVmSize'];
  if (wanted === undefined || wanted === (networkOf(document)['proxyVmSize'] ?? '')) return [];
  const path = '$.properties.vmProfile.vnetConfig.proxyVmSize';
  return [{ path, code: 'Immutable', message: "Field 'proxyVmSize' cannot be updated." }];
}
