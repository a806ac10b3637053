/** Triggers of image templates as resources: made, looked at and removed (reference 1.2, 1.10, 2.9). */
import { ArmError } from '../../../arm/arm-error.ts';
import { apiVersions } from '../../../arm/api-versions/supported.ts';
import { readTrigger, triggersSince } from '../../../arm/image-template/document/trigger-body.ts';
import { validationFailed } from '../../../arm/image-template/validation-failed.ts';
import { resourceNamePattern, resourceNameRule } from '../../../arm/wire/template/resource.ts';
import type { ResourceDraft, ResourceRecord } from '../../../store/records.ts';
import { listAll } from '../../../store/list-all.ts';
import type { Repositories } from '../../../store/store.ts';
import { checkEtag, preconditionFailed } from '../../arm/etag.ts';
import { locationName } from '../../arm/locations.ts';
import { acceptedHeaders, endOperation, startOperation } from '../../arm/long-running.ts';
import { pageOf, pageReply } from '../../arm/paging.ts';
import { parentResourceNotFound, resourceNotFound } from '../../arm/resource-errors.ts';
import { stamp } from '../../arm/system-data.ts';
import { quotedEtag, wireOf } from '../../arm/wire-of.ts';
import type { ArmReply, ArmRequest, ResourceTypeDefinition } from '../../resource-provider.ts';
import type { ImageBuilderDependencies } from '../dependencies.ts';
import { parentOf } from '../run-outputs.ts';
import { requireState } from '../state-rules.ts';
import { namespace, propertiesOf, templateIn } from '../template-record.ts';
import { apiVersionOf } from '../templates/show.ts';
import { triggerIssues } from './trigger-rules.ts';

export const triggerType = `${namespace}/imageTemplates/triggers`;

/** Of one region and subscription (reference 2.9). */
const maxTriggers = 100;

export function triggersType(
  dependencies: Pick<ImageBuilderDependencies, 'store' | 'now'>,
): ResourceTypeDefinition {
  const { store } = dependencies;
  return {
    type: 'imageTemplates/triggers',
    apiVersions: apiVersions.filter((version) => version >= triggersSince).toReversed(),
    location: 'regional',
    get: async (request) => {
      const record = await store.resources.get(request.target.id);
      if (record === undefined) throw resourceNotFound(request.target);
      return { status: 200, body: wireOf(record), headers: { ETag: quotedEtag(record.etag) } };
    },
    list: async (request) => {
      const template = parentOf(request);
      if ((await store.resources.get(template)) === undefined) throw parentResourceNotFound(request.target);
      const page = await store.resources.list({ type: triggerType, under: template }, pageOf(request));
      return pageReply(request, page, (record) => wireOf(record));
    },
    put: (request) => putTrigger(dependencies, request),
    delete: async (request) => {
      const record = await store.resources.get(request.target.id);
      if (record === undefined) return { status: 204 };
      const ifMatch = checkEtag(request.headers, record);
      return store.transaction(async (repositories) => {
        if (!(await repositories.resources.remove(record.id, ifMatch)) && ifMatch !== undefined) {
          throw preconditionFailed();
        }
        const headers = await endedOperation(dependencies, repositories, request, record.id, 'delete');
        return { status: 202, headers };
      });
    },
  };
}

async function putTrigger(
  dependencies: Pick<ImageBuilderDependencies, 'store' | 'now'>,
  request: ArmRequest,
): Promise<ArmReply> {
  const { store, now } = dependencies;
  const { target } = request;
  const name = target.names.at(-1) ?? '';
  const template = await store.resources.get(target.id.split('/').slice(0, -2).join('/'));
  if (template === undefined) throw parentResourceNotFound(target);
  const before = await store.resources.get(target.id);
  const ifMatch = checkEtag(request.headers, before);
  const kind = readKind(request, name, template);
  requireState(template, 'triggers/write');
  const issues = triggerIssues(templateIn(template));
  if (issues.length > 0) throw validationFailed(issues, 'Trigger');
  await requireRoom(dependencies, template, target.id);

  const at = now();
  const health = { code: 'Healthy', message: 'Trigger is active.', time: at.toISOString() };
  const status = propertiesOf(before ?? { body: {} })['status'] ?? health;
  const draft: ResourceDraft = {
    id: before?.id ?? target.id,
    type: triggerType,
    name: before?.name ?? name,
    subscriptionId: template.subscriptionId,
    resourceGroup: template.resourceGroup,
    // A proxy resource has none; it is where its template is.
    location: undefined,
    tags: {},
    body: { properties: { kind, status, provisioningState: 'Succeeded' } },
    secret: undefined,
    ...stamp(request.principal, at, before),
  };
  return store.transaction(async (repositories) => {
    const { resources } = repositories;
    const record = await (before === undefined ? resources.insert(draft) : resources.replace(draft, ifMatch));
    if (record === undefined) throw preconditionFailed();
    const headers = await endedOperation(dependencies, repositories, request, record.id, 'write');
    return {
      status: before === undefined ? 201 : 200,
      body: wireOf(record),
      headers: { ...headers, ETag: quotedEtag(record.etag) },
    };
  });
}

function readKind(request: ArmRequest, name: string, template: ResourceRecord): 'SourceImage' {
  if (!resourceNamePattern.test(name)) {
    const { expected } = resourceNameRule;
    const message = `Field 'name' has a bad value. Expected ${expected}.`;
    throw validationFailed([{ path: '$.name', code: 'BadValue', message, expected }], 'Trigger');
  }
  const read = readTrigger(request.body, apiVersionOf(request));
  if (!read.ok) throw validationFailed(read.issues, 'Trigger');
  const { kind, location } = read.value;
  if (location !== undefined && locationName(location) !== template.location) {
    const expected = `the region of the template, '${template.location ?? ''}'`;
    const message = `Field 'location' has a bad value. Expected ${expected}.`;
    throw validationFailed([{ path: '$.location', code: 'BadValue', message, expected }], 'Trigger');
  }
  return kind;
}

/** One trigger of a kind for a template, and a bound for the region. */
async function requireRoom(
  { store }: Pick<ImageBuilderDependencies, 'store'>,
  template: ResourceRecord,
  id: string,
): Promise<void> {
  let inRegion = 0;
  const { subscriptionId } = template;
  for await (const other of listAll(store.resources, { subscriptionId, type: triggerType })) {
    if (other.id.toLowerCase() === id.toLowerCase()) return;
    if (other.id.toLowerCase().startsWith(`${template.id.toLowerCase()}/`)) {
      const message = `The image template has the SourceImage trigger '${other.name}' already; it can have one.`;
      throw new ArmError(409, 'Conflict', message);
    }
    const owner = await store.resources.get(other.id.split('/').slice(0, -2).join('/'));
    if (owner?.location === template.location) inRegion += 1;
  }
  if (inRegion < maxTriggers) return;
  const message = `A subscription has at most ${maxTriggers} triggers in a region.`;
  throw new ArmError(409, 'QuotaExceeded', message);
}

/** The headers of an operation that is over before anybody asks. */
async function endedOperation(
  { now }: Pick<ImageBuilderDependencies, 'now'>,
  repositories: Repositories,
  request: ArmRequest,
  resourceId: string,
  verb: 'write' | 'delete',
): Promise<Record<string, string>> {
  const template = await repositories.resources.get(request.target.id.split('/').slice(0, -2).join('/'));
  const operation = await startOperation(repositories, request, {
    ...{
      namespace,
      location: template?.location,
      resourceId,
      kind: `imageTemplates/triggers/${verb}`,
      now: now(),
    },
  });
  await endOperation(repositories, operation.id, { status: 'Succeeded' }, now());
  return acceptedHeaders(request, operation, {
    style: verb === 'delete' ? 'both' : 'status',
    retryAfterSeconds: 1,
  });
}
