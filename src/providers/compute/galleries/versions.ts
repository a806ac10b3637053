/** `Microsoft.Compute/galleries/images/versions`. */
import { isJsonObject, type JsonObject } from '../../../model/json.ts';
import type { ResourceRecord } from '../../../store/records.ts';
import { mergePatch } from '../../arm/merge-patch.ts';
import { pageOf, pageReply } from '../../arm/paging.ts';
import { parentResourceNotFound, resourceNotFound } from '../../arm/resource-errors.ts';
import type { ArmHandler, ArmRequest, ResourceTypeDefinition } from '../../resource-provider.ts';
import { galleryVersions, VERSION_TYPE, type ComputeDeps } from '../compute-deps.ts';
import { removeBytes } from '../remove-bytes.ts';
import { versionWire } from './version-body.ts';
import { writeVersion } from './write-version.ts';

export function imageVersions(deps: ComputeDeps): ResourceTypeDefinition {
  const { store } = deps;
  return {
    type: 'galleries/images/versions',
    apiVersions: galleryVersions,
    location: 'regional',
    get: async (request) => ({ status: 200, body: versionWire(await find(deps, request), request) }),
    put: async (request) => writeVersion(deps, request, request.body),
    patch: patchVersion(deps),
    delete: deleteVersion(deps),
    list: async (request) => {
      const definitionId = request.target.id.split('/').slice(0, -1).join('/');
      if ((await store.resources.get(definitionId)) === undefined) {
        throw parentResourceNotFound(request.target);
      }
      const page = await store.resources.list({ type: VERSION_TYPE, under: definitionId }, pageOf(request));
      return pageReply(request, page, (record) => versionWire(record, request));
    },
  };
}

async function find({ store }: ComputeDeps, request: ArmRequest): Promise<ResourceRecord> {
  const record = await store.resources.get(request.target.id);
  if (record === undefined) throw resourceNotFound(request.target);
  return record;
}

function patchVersion(deps: ComputeDeps): ArmHandler {
  return async (request) => {
    const before = await find(deps, request);
    const base: JsonObject = { ...before.body, tags: before.tags, location: before.location };
    const merged = mergePatch(base, isJsonObject(request.body) ? request.body : {});
    const given = isJsonObject(request.body) ? request.body['tags'] : undefined;
    return writeVersion(deps, request, { ...merged, ...(given === undefined ? {} : { tags: given }) });
  };
}

function deleteVersion(deps: ComputeDeps): ArmHandler {
  return async (request) => {
    const record = await deps.store.resources.get(request.target.id);
    if (record === undefined) return { status: 204 };
    removeBytes(deps, record.id);
    await deps.store.resources.remove(record.id);
    return { status: 200 };
  };
}
