/** Holds the rights that a template needs against those its identity has. */
import { ArmError } from '../../../arm/arm-error.ts';
import type { ImageTemplate } from '../../../model/image-template.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { ImageBuilderDependencies } from '../dependencies.ts';
import { principalIn } from './identities.ts';
import { neededRights } from './needed-rights.ts';
import { SubmissionError } from './submission-error.ts';

/**
 * Everything a template reaches, it reaches as its identity; one without identity reaches nothing.
 * @throws ArmError 400 `ValidationFailed` when the template needs rights and has no identity.
 */
export function requireIdentity(template: ImageTemplate): void {
  if (template.identity.userAssignedIdentities.length > 0) return;
  const [first] = neededRights(template);
  if (first === undefined) return;
  throw new ArmError(
    400,
    'ValidationFailed',
    `Managed identity is required for building this template using current API version: it must be allowed '${first.action}' on ${first.scope}.`,
    {
      target: '$.identity',
      details: [{ code: 'MissingIdentity', target: first.path, message: first.action }],
    },
  );
}

/** @throws SubmissionError for the first of the missing rights; its details name all. */
export async function checkRights(
  { access }: Pick<ImageBuilderDependencies, 'access'>,
  template: ImageTemplate,
  body: JsonObject,
): Promise<void> {
  const objectId = principalIn(body);
  const missing = [];
  for (const right of neededRights(template)) {
    const { action, scope } = right;
    if (objectId === undefined || !(await access.allowed({ objectId }, action, scope))) missing.push(right);
  }
  const [first] = missing;
  if (first === undefined) return;
  throw new SubmissionError(
    first.code,
    `Not authorized to access the resource: ${first.scope}. Please check the user assigned identity has the correct permissions. It lacks '${first.action}'.`,
    {
      details: missing.map(({ action, scope, path }) => ({
        code: 'AuthorizationFailed',
        target: path,
        message: `The identity of the template lacks '${action}' on ${scope}.`,
      })),
    },
  );
}
