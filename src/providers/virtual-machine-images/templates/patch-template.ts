/** PATCH of an image template (reference 1.9): tags, identity, and in newer api-versions the targets and the build VM. */
import { templateOf, type TemplateDocument } from '../../../arm/image-template/document/template-document.ts';
import { updateTemplate } from '../../../arm/image-template/document/template-update.ts';
import { validationFailed } from '../../../arm/image-template/validation-failed.ts';
import type { ImageTemplate } from '../../../model/image-template.ts';
import { isJsonObject } from '../../../model/json.ts';
import type { ResourceRecord } from '../../../store/records.ts';
import { checkEtag, preconditionFailed } from '../../arm/etag.ts';
import { concurrentChange } from '../../arm/resource-errors.ts';
import { stamp } from '../../arm/system-data.ts';
import { quotedEtag } from '../../arm/wire-of.ts';
import type { ArmHandler, ArmRequest } from '../../resource-provider.ts';
import type { ImageBuilderDependencies } from '../dependencies.ts';
import { isActive, operationNotAllowed, requireState } from '../state-rules.ts';
import { checkImages } from '../submit/check-images.ts';
import { checkRights, requireIdentity } from '../submit/check-rights.ts';
import { resolveIdentity } from '../submit/identities.ts';
import { refusedBySubmission, SubmissionError } from '../submit/submission-error.ts';
import { changed, documentIn, provisioningStateOf } from '../template-record.ts';
import { findTemplate, runFacts } from './read-template.ts';
import { apiVersionOf, templateBody } from './show.ts';

/** 200 with the template: all that an update has to check is checked before the answer. */
export function patchTemplate(dependencies: ImageBuilderDependencies): ArmHandler {
  return async (request) => {
    const { store, now } = dependencies;
    const before = await findTemplate(dependencies, request);
    const ifMatch = checkEtag(request.headers, before);
    await requireUpdatable(dependencies, request, before);
    const apiVersion = apiVersionOf(request);
    const updated = updateTemplate(documentIn(before), request.body, apiVersion);
    if (!updated.ok) throw validationFailed(updated.issues);
    const template = templateOf(updated.document, before.name);
    const document = onlyTags(request.body)
      ? { ...updated.document, identity: before.body['identity'] }
      : await check(dependencies, request, before, template, updated.document);
    const draft = { ...changed(before, { document }), ...stamp(request.principal, now(), before) };
    const record = await store.resources.replace(draft, ifMatch ?? before.etag);
    if (record === undefined)
      throw ifMatch === undefined ? concurrentChange(request.target) : preconditionFailed();
    const body = templateBody(record, apiVersion, await runFacts(dependencies, record));
    return { status: 200, body, headers: { ETag: quotedEtag(record.etag) } };
  };
}

/** Tags may change at any time but the first and the last; what a run works with may not change below it. */
async function requireUpdatable(
  { runs }: Pick<ImageBuilderDependencies, 'runs'>,
  { body }: ArmRequest,
  record: ResourceRecord,
): Promise<void> {
  if (onlyTags(body) && provisioningStateOf(record) === 'Failed') return;
  requireState(record, 'update');
  if (onlyTags(body)) return;
  const status = await runs.lastStatus(record.id);
  if (isActive(status?.runState)) throw operationNotAllowed(record, 'update', status?.runState);
}

/** `document` with the principals of its identity, after the checks of a submission that an update can fail. */
async function check(
  dependencies: ImageBuilderDependencies,
  request: ArmRequest,
  before: ResourceRecord,
  template: ImageTemplate,
  document: TemplateDocument,
): Promise<TemplateDocument> {
  // An identity may be taken away from a template that needs one; then its next run is refused.
  const identity = hasField(request.body, 'identity')
    ? await resolveIdentity(dependencies, request, template)
    : before.body['identity'];
  const resolved = { ...document, identity };
  if (!hasField(request.body, 'properties')) return resolved;
  requireIdentity(template);
  try {
    await checkRights(dependencies, template, resolved);
    await checkImages(dependencies, template, before.subscriptionId, request.signal);
    return resolved;
  } catch (error) {
    if (!(error instanceof SubmissionError)) throw error;
    throw refusedBySubmission(error);
  }
}

function onlyTags(body: unknown): boolean {
  return !hasField(body, 'identity') && !hasField(body, 'properties');
}

/** Older api-versions take names in any case. */
function hasField(body: unknown, name: string): boolean {
  return isJsonObject(body) && Object.keys(body).some((key) => key.toLowerCase() === name);
}
