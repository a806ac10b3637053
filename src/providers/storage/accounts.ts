/** `Microsoft.Storage/storageAccounts`: a row in the store and an account of the blob service. */
import type { z } from 'zod';
import { isJsonObject, plainJson, type JsonObject } from '../../model/json.ts';
import type { ResourceDraft, ResourceRecord } from '../../store/records.ts';
import type { ResourceFilter } from '../../store/store.ts';
import { requireLocation } from '../arm/locations.ts';
import { mergePatch } from '../arm/merge-patch.ts';
import { pageOf, pageReply } from '../arm/paging.ts';
import { removeBelow } from '../arm/remove-below.ts';
import { readBody } from '../arm/request-body.ts';
import { concurrentChange, locationCannotChange } from '../arm/resource-errors.ts';
import { stamp } from '../arm/system-data.ts';
import type { ArmHandler, ArmRequest, ResourceTypeDefinition } from '../resource-provider.ts';
import { accountCreate, accountUpdate, accountWire, skuOf } from './account-body.ts';
import { accountKeys, listKeys, newAccountSecret, regenerateKey } from './account-keys.ts';
import { claimAccountName, releaseAccountName, requireAccountName } from './account-names.ts';
import { listAccountSas, listServiceSas } from './account-sas.ts';
import { findAccount } from './find-account.ts';
import { ACCOUNT_TYPE, storageVersions, type StorageDeps } from './storage-deps.ts';

export function storageAccounts(deps: StorageDeps): ResourceTypeDefinition {
  return {
    type: 'storageAccounts',
    apiVersions: storageVersions,
    location: 'regional',
    get: async (request) => {
      const record = await findAccount(deps, request.target);
      return { status: 200, body: accountWire(record, deps) };
    },
    put: putAccount(deps),
    patch: patchAccount(deps),
    delete: deleteAccount(deps),
    list: listAccounts(deps),
    listInSubscription: listAccounts(deps),
    actions: {
      listKeys: listKeys(deps),
      regenerateKey: regenerateKey(deps),
      ListAccountSas: listAccountSas(deps),
      ListServiceSas: listServiceSas(deps),
    },
  };
}

/** Tells the blob service every account that is stored; for the start of the service. */
export async function openStoredAccounts({ store, blobs }: StorageDeps): Promise<void> {
  for (let after: string | undefined; ;) {
    const page = await store.resources.list(
      { type: ACCOUNT_TYPE },
      { limit: 500, ...(after === undefined ? {} : { after }) },
    );
    for (const record of page.items) await blobs.addAccount(record.name, accountKeys(record));
    after = page.next;
    if (after === undefined) return;
  }
}

function putAccount(deps: StorageDeps): ArmHandler {
  return async (request) => {
    const body = readBody(request, accountCreate);
    const location = requireLocation(body.location, ACCOUNT_TYPE);
    const name = request.target.names[0] ?? '';
    requireAccountName(name);
    const before = await deps.store.resources.get(request.target.id);
    if (before?.location !== undefined && before.location !== location) {
      throw locationCannotChange(request.target, before.location, location);
    }
    const old = before?.body['properties'];
    const given = plainJson(body.properties);
    const draft: ResourceDraft = {
      id: before?.id ?? request.target.id,
      type: ACCOUNT_TYPE,
      name: before?.name ?? name,
      subscriptionId: request.target.subscriptionId ?? '',
      resourceGroup: before?.resourceGroup ?? request.target.resourceGroup,
      location,
      tags: body.tags ?? before?.tags ?? {},
      body: {
        sku: skuOf(body.sku.name),
        kind: body.kind,
        ...(body.identity === undefined ? {} : { identity: plainJson(body.identity) }),
        // Azure keeps settings that a second PUT does not name.
        properties: isJsonObject(old) ? mergePatch(old, given) : given,
      },
      secret: before?.secret ?? newAccountSecret(deps.now()),
      ...stamp(request.principal, deps.now(), before),
    };
    return answerWrite(deps, request, draft, before);
  };
}

function patchAccount(deps: StorageDeps): ArmHandler {
  return async (request) => {
    const before = await findAccount(deps, request.target);
    const body: z.output<typeof accountUpdate> = readBody(request, accountUpdate);
    const { etag: _, ...kept } = before;
    const old = before.body['properties'];
    const change: JsonObject = {
      ...(body.sku === undefined ? {} : { sku: skuOf(body.sku.name) }),
      ...(body.kind === undefined ? {} : { kind: body.kind }),
      ...(body.identity === undefined ? {} : { identity: plainJson(body.identity) }),
      properties: mergePatch(isJsonObject(old) ? old : {}, plainJson(body.properties)),
    };
    const draft: ResourceDraft = {
      ...kept,
      tags: body.tags ?? before.tags,
      body: { ...before.body, ...change },
      ...stamp(request.principal, deps.now(), before),
    };
    return answerWrite(deps, request, draft, before);
  };
}

async function answerWrite(
  deps: StorageDeps,
  request: ArmRequest,
  draft: ResourceDraft,
  before: ResourceRecord | undefined,
) {
  const record = await deps.store.transaction(async (repositories) => {
    await claimAccountName(repositories, draft.name, draft.id);
    const { resources } = repositories;
    return before === undefined ? resources.insert(draft) : resources.replace(draft, before.etag);
  });
  if (record === undefined) throw concurrentChange(request.target);
  await deps.blobs.addAccount(record.name, accountKeys(record));
  return { status: 200, body: accountWire(record, deps) };
}

function deleteAccount(deps: StorageDeps): ArmHandler {
  return async (request) => {
    const record = await deps.store.resources.get(request.target.id);
    if (record === undefined) return { status: 204 };
    // Bytes first: what is left after a failure still has an owner who can delete it again.
    await deps.blobs.removeAccount(record.name, request.signal);
    await deps.store.transaction(async (repositories) => {
      await removeBelow(repositories, record.id);
      await repositories.resources.remove(record.id);
      await releaseAccountName(repositories, record.name);
    });
    return { status: 200 };
  };
}

function listAccounts(deps: StorageDeps): ArmHandler {
  return async (request) => {
    const { subscriptionId, resourceGroup } = request.target;
    const filter: ResourceFilter = {
      type: ACCOUNT_TYPE,
      ...(subscriptionId === undefined ? {} : { subscriptionId }),
      ...(resourceGroup === undefined ? {} : { resourceGroup }),
    };
    const page = await deps.store.resources.list(filter, pageOf(request));
    return pageReply(request, page, (record) => accountWire(record, deps));
  };
}
