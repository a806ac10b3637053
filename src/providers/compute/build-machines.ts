/**
 * `virtualMachines` and `disks`: what builds show of themselves in their staging groups while they run. They can be
 * read, and go with their group; this service makes no machines on request.
 */
import type { ResourceFilter } from '../../store/store.ts';
import { pageOf, pageReply } from '../arm/paging.ts';
import { resourceNotFound } from '../arm/resource-errors.ts';
import { wireOf } from '../arm/wire-of.ts';
import type { ArmHandler, ResourceTypeDefinition } from '../resource-provider.ts';
import { COMPUTE, computeVersions, type ComputeDeps } from './compute-deps.ts';

/** Disks count their own versions. Newest first. */
const diskVersions = [
  ...['2025-01-02', '2024-03-02', '2023-10-02', '2023-04-02', '2023-01-02', '2022-07-02', '2022-03-02'],
  ...['2021-12-01', '2021-08-01', '2021-04-01', '2020-12-01', '2020-09-30', '2020-06-30', '2020-05-01'],
  ...['2019-11-01', '2019-07-01', '2019-03-01', '2018-09-30', '2018-06-01', '2018-04-01', '2017-03-30'],
];

export function buildMachines(deps: Pick<ComputeDeps, 'store'>): readonly ResourceTypeDefinition[] {
  return [shownType(deps, 'virtualMachines', computeVersions), shownType(deps, 'disks', diskVersions)];
}

function shownType(
  { store }: Pick<ComputeDeps, 'store'>,
  type: string,
  apiVersions: readonly string[],
): ResourceTypeDefinition {
  const list: ArmHandler = async (request) => {
    const { subscriptionId, resourceGroup } = request.target;
    const filter: ResourceFilter = {
      type: `${COMPUTE}/${type}`,
      ...(subscriptionId === undefined ? {} : { subscriptionId }),
      ...(resourceGroup === undefined ? {} : { resourceGroup }),
    };
    const page = await store.resources.list(filter, pageOf(request));
    return pageReply(request, page, (record) => wireOf(record, { systemData: false }));
  };
  return {
    ...{ type, apiVersions, location: 'regional', list, listInSubscription: list },
    get: async (request) => {
      const record = await store.resources.get(request.target.id);
      if (record === undefined) throw resourceNotFound(request.target);
      return { status: 200, body: wireOf(record, { systemData: false }) };
    },
    delete: async ({ target }) => ({ status: (await store.resources.remove(target.id)) ? 200 : 204 }),
  };
}
