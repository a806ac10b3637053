/** What the last run of a template left: `runOutputs`, written by the runs themselves (reference 1.10). */
import { apiVersions } from '../../arm/api-versions/supported.ts';
import { RUN_OUTPUT_TYPE } from '../../runs/run-service.ts';
import type { ResourceRecord } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { pageOf, pageReply } from '../arm/paging.ts';
import { parentResourceNotFound, resourceNotFound } from '../arm/resource-errors.ts';
import type { ArmRequest, ResourceTypeDefinition } from '../resource-provider.ts';
import { apiVersionOf, showSystemData } from './templates/show.ts';

export function runOutputsType({ store }: { readonly store: Store }): ResourceTypeDefinition {
  return {
    type: 'imageTemplates/runOutputs',
    apiVersions: apiVersions.toReversed(),
    location: 'regional',
    get: async (request) => {
      const record = await store.resources.get(request.target.id);
      if (record === undefined) throw resourceNotFound(request.target);
      return { status: 200, body: show(record, request) };
    },
    list: async (request) => {
      const template = parentOf(request);
      if ((await store.resources.get(template)) === undefined) throw parentResourceNotFound(request.target);
      const page = await store.resources.list({ type: RUN_OUTPUT_TYPE, under: template }, pageOf(request));
      return pageReply(request, page, (record) => show(record, request));
    },
  };
}

/** Id of the template that a collection belongs to. */
export function parentOf({ target }: Pick<ArmRequest, 'target'>): string {
  return target.id.slice(0, target.id.lastIndexOf('/'));
}

function show(record: ResourceRecord, request: ArmRequest): object {
  const { id, name, type, body } = record;
  return { id, name, type, ...showSystemData(record, apiVersionOf(request)), properties: body['properties'] };
}
