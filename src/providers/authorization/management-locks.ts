/** `Microsoft.Authorization/locks`: kept here, held against requests by `lockAgainst`. */
import { z } from 'zod';
import { ArmError } from '../../arm/arm-error.ts';
import { freeText, list, optional, readOnly } from '../../arm/wire/scalars.ts';
import { coversScope } from '../../identity/access/scope.ts';
import { listAll } from '../../store/list-all.ts';
import type { ResourceDraft } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { queryParameter } from '../arm/paging.ts';
import { readBody } from '../arm/request-body.ts';
import { stamp } from '../arm/system-data.ts';
import { wireOf } from '../arm/wire-of.ts';
import { lockType, readLock } from '../resources/locks.ts';
import type { ArmReply, ArmRequest, ResourceTypeDefinition } from '../resource-provider.ts';
import { requireScope, scopeOf } from './role-scope.ts';

export interface LockDeps {
  readonly store: Store;
  readonly now: () => Date;
}

const body = z.object({
  properties: z.object({
    level: z.enum(['CanNotDelete', 'ReadOnly']),
    notes: optional(freeText(512)),
    owners: optional(list(z.object({ applicationId: optional(z.string().max(64)) }), 16)),
  }),
  name: readOnly,
});

const lockName = /^[^<>%&:\\?/\p{Cc}]{1,260}$/u;

export function managementLocks(deps: LockDeps, apiVersions: readonly string[]): ResourceTypeDefinition {
  return {
    type: 'locks',
    apiVersions,
    location: 'global',
    scope: 'extension',
    get: async (request) => {
      const record = await deps.store.resources.get(request.target.id);
      if (record === undefined) throw lockNotFound(request);
      return { status: 200, body: wireOf(record) };
    },
    put: async (request) => putLock(deps, request),
    delete: async (request) => ({
      status: (await deps.store.resources.remove(request.target.id)) ? 200 : 204,
    }),
    list: async (request) => listLocks(deps, request),
  };
}

async function putLock({ store, now }: LockDeps, request: ArmRequest): Promise<ArmReply> {
  const { target, principal } = request;
  const name = target.names.at(-1) ?? '';
  if (!lockName.test(name)) {
    throw new ArmError(
      400,
      'InvalidLockName',
      'A lock name has 1 to 260 characters and none of < > % & : \\ ? /.',
    );
  }
  const { properties } = readBody(request, body);
  const scope = scopeOf(target);
  await requireScope(store, scope);
  const before = await store.resources.get(target.id);
  const draft: ResourceDraft = {
    id: before?.id ?? target.id,
    type: lockType,
    name: before?.name ?? name,
    subscriptionId: target.subscriptionId ?? '',
    resourceGroup: target.resourceGroup,
    location: undefined,
    tags: {},
    body: {
      properties: {
        level: properties.level,
        ...(properties.notes === undefined ? {} : { notes: properties.notes }),
        ...(properties.owners === undefined
          ? {}
          : { owners: properties.owners.map(({ applicationId = '' }) => ({ applicationId })) }),
      },
    },
    secret: undefined,
    ...stamp(principal, now(), before),
  };
  const stored =
    before === undefined ? await store.resources.insert(draft) : await store.resources.replace(draft);
  if (stored === undefined) {
    throw new ArmError(
      409,
      'Conflict',
      `The lock '${name}' was changed by another request at the same time. Please try again.`,
    );
  }
  return { status: before === undefined ? 201 : 200, body: wireOf(stored) };
}

/** Locks at the scope, above and below it; with `$filter=atScope()` nothing from below. */
async function listLocks({ store }: LockDeps, request: ArmRequest): Promise<ArmReply> {
  const scope = scopeOf(request.target);
  const filter = queryParameter(request.url, '$filter')?.trim() ?? '';
  if (filter !== '' && filter.toLowerCase() !== 'atscope()') {
    throw new ArmError(400, 'UnsupportedQuery', `The filter '${filter.slice(0, 200)}' is not supported.`);
  }
  const value: object[] = [];
  for await (const record of listAll(store.resources, { type: lockType })) {
    const lock = readLock(record);
    if (lock === undefined) continue;
    const below = filter === '' && coversScope(scope, lock.scope);
    if (below || coversScope(lock.scope, scope)) value.push(wireOf(record));
  }
  return { status: 200, body: { value } };
}

function lockNotFound({ target }: ArmRequest): ArmError {
  return new ArmError(
    404,
    'LockNotFound',
    `The lock '${(target.names.at(-1) ?? '').slice(0, 260)}' could not be found.`,
  );
}
