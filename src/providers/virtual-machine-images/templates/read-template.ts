/** GET of one image template and of many. */
import type { ResourceRecord } from '../../../store/records.ts';
import type { ResourceFilter } from '../../../store/store.ts';
import { pageOf, pageReply } from '../../arm/paging.ts';
import { resourceNotFound } from '../../arm/resource-errors.ts';
import { quotedEtag } from '../../arm/wire-of.ts';
import type { ArmHandler, ArmRequest } from '../../resource-provider.ts';
import type { ImageBuilderDependencies } from '../dependencies.ts';
import { propertiesOf, templateType } from '../template-record.ts';
import { apiVersionOf, templateBody, type RunFacts } from './show.ts';

type Dependencies = Pick<ImageBuilderDependencies, 'store' | 'runs'>;

/** @throws ArmError 404 when the template that the path names is not there. */
export async function findTemplate(
  { store }: Pick<Dependencies, 'store'>,
  { target }: Pick<ArmRequest, 'target'>,
): Promise<ResourceRecord> {
  const record = await store.resources.get(target.id);
  if (record === undefined) throw resourceNotFound(target);
  return record;
}

export function getTemplate(dependencies: Dependencies): ArmHandler {
  return async (request) => {
    const record = await findTemplate(dependencies, request);
    const body = templateBody(record, apiVersionOf(request), await runFacts(dependencies, record));
    return { status: 200, body, headers: { ETag: quotedEtag(record.etag) } };
  };
}

/** What the last run says about the template. */
export async function runFacts({ store, runs }: Dependencies, record: ResourceRecord): Promise<RunFacts> {
  const lastRunStatus = await runs.lastStatus(record.id);
  if (lastRunStatus === undefined || !asksForLatest(record)) return { lastRunStatus };
  const run = await store.runs.lastOf(record.id);
  return { lastRunStatus, exactVersion: run?.record?.source?.exactVersion };
}

/** The templates of a group, or of a whole subscription; their runs are read all at once. */
export function listTemplates(dependencies: Dependencies, scope: 'group' | 'subscription'): ArmHandler {
  return async (request) => {
    const page = await dependencies.store.resources.list(filterOf(request, scope), pageOf(request));
    const runs = await dependencies.runs.lastStatuses(page.items.map(({ id }) => id));
    return pageReply(request, page, (record) =>
      templateBody(record, apiVersionOf(request), { lastRunStatus: runs.get(record.id) }),
    );
  };
}

function filterOf({ target }: ArmRequest, scope: 'group' | 'subscription'): ResourceFilter {
  const { subscriptionId = '', resourceGroup = '' } = target;
  return { type: templateType, subscriptionId, ...(scope === 'group' ? { resourceGroup } : {}) };
}

function asksForLatest(record: ResourceRecord): boolean {
  const source: unknown = propertiesOf(record)['source'];
  return /"latest"|\/latest"/i.test(JSON.stringify(source ?? {}));
}
