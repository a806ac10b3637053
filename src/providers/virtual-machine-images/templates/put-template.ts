/** PUT of an image template: checked whole, stored as `Creating`, submitted by a job (reference 1.3, 2.1). */
import { ArmError } from '../../../arm/arm-error.ts';
import {
  templateWires,
  type AcceptedTemplate,
  type ApiVersion,
} from '../../../arm/api-versions/supported.ts';
import { documentOf } from '../../../arm/image-template/document/template-document.ts';
import { validationFailed } from '../../../arm/image-template/validation-failed.ts';
import { resourceNamePattern, resourceNameRule } from '../../../arm/wire/template/resource.ts';
import { isJsonObject } from '../../../model/json.ts';
import type { ResourceDraft } from '../../../store/records.ts';
import { checkEtag } from '../../arm/etag.ts';
import { findLocation, requireLocation } from '../../arm/locations.ts';
import { acceptedHeaders, startOperation } from '../../arm/long-running.ts';
import { stamp } from '../../arm/system-data.ts';
import { quotedEtag } from '../../arm/wire-of.ts';
import { featureState, governmentRegionsFeature } from '../../features/feature-state.ts';
import type { ArmHandler, ArmRequest } from '../../resource-provider.ts';
import type { ImageBuilderDependencies } from '../dependencies.ts';
import { requireIdentity } from '../submit/check-rights.ts';
import { resolveIdentity } from '../submit/identities.ts';
import { columnsOf, namespace, templateType } from '../template-record.ts';
import { submitQueue } from '../queues.ts';
import { apiVersionOf, templateBody } from './show.ts';

/** 201 with the template and the URL of the operation. Templates never change by PUT: 409 `Conflict`. */
export function putTemplate(dependencies: ImageBuilderDependencies): ArmHandler {
  return async (request) => {
    const { store, now } = dependencies;
    const { target } = request;
    const existing = await store.resources.get(target.id);
    checkEtag(request.headers, existing);
    if (existing !== undefined) throw alreadyThere();
    const apiVersion = apiVersionOf(request);
    const accepted = accept(request, apiVersion);
    const location = await requireOpenLocation(dependencies, request, accepted.template.location);
    requireIdentity(accepted.template);
    const identity = await resolveIdentity(dependencies, request, accepted.template);

    const { body, ...columns } = columnsOf(documentOf(accepted));
    const { identity: _, properties, ...others } = body;
    const draft: ResourceDraft = {
      ...columns,
      id: target.id,
      type: templateType,
      name: target.names.at(-1) ?? '',
      subscriptionId: target.subscriptionId ?? '',
      resourceGroup: target.resourceGroup,
      location,
      body: {
        ...others,
        identity,
        properties: { ...(isJsonObject(properties) ? properties : {}), provisioningState: 'Creating' },
      },
      secret: undefined,
      ...stamp(request.principal, now()),
    };
    const kind = 'imageTemplates/write';
    const { record, operation } = await store.transaction(async (repositories) => {
      const record = await repositories.resources.insert(draft);
      if (record === undefined) throw alreadyThere();
      const start = { namespace, location, resourceId: record.id, kind, now: now() };
      const operation = await startOperation(repositories, request, start);
      const job = { templateId: record.id, operationId: operation.id };
      await repositories.jobs.send(submitQueue, job, { singletonKey: operation.id });
      return { record, operation };
    });
    return {
      status: 201,
      body: templateBody(record, apiVersion),
      headers: {
        ETag: quotedEtag(record.etag),
        ...acceptedHeaders(request, operation, { style: 'status', retryAfterSeconds: 1 }),
      },
    };
  };
}

function accept(request: ArmRequest, apiVersion: ApiVersion): AcceptedTemplate {
  const name = request.target.names.at(-1) ?? '';
  if (!resourceNamePattern.test(name)) {
    const { expected } = resourceNameRule;
    const message = `Field 'name' has a bad value. Expected ${expected}.`;
    throw validationFailed([{ path: '$.name', code: 'BadValue', message, expected }]);
  }
  const checked = templateWires[apiVersion].accept(request.body);
  if (!checked.ok) throw validationFailed(checked.issues);
  return checked.value;
}

/** Regions in preview are open to subscriptions that registered the feature for them. */
async function requireOpenLocation(
  { store }: Pick<ImageBuilderDependencies, 'store'>,
  { target }: ArmRequest,
  wanted: string,
): Promise<string> {
  const location = requireLocation(wanted, templateType);
  if (findLocation(location)?.preview !== true) return location;
  const feature = governmentRegionsFeature;
  const state = await featureState(store.settings, target.subscriptionId ?? '', feature);
  if (state === 'Registered') return location;
  throw new ArmError(
    400,
    'FeatureNotRegistered',
    `The region '${location}' is in preview: the subscription must be registered for the feature '${feature.namespace}/${feature.name}' first (az feature register --namespace ${feature.namespace} --name ${feature.name}).`,
    { target: '$.location' },
  );
}

/** Azure's words for a PUT over a template, a failed one too (reference 1.9). */
function alreadyThere(): ArmError {
  return new ArmError(409, 'Conflict', 'Update/Upgrade of image templates is currently not supported');
}
