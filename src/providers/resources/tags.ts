/** `Microsoft.Resources/tags/default`: the tags of a group or resource, without going through its provider. */
import { z } from 'zod';
import { ArmError } from '../../arm/arm-error.ts';
import { optional } from '../../arm/wire/scalars.ts';
import { tags, tagsWithinLimits } from '../../arm/wire/template/resource.ts';
import type { ResourceDraft, ResourceRecord } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { invalidBody, readBody } from '../arm/request-body.ts';
import { concurrentChange } from '../arm/resource-errors.ts';
import { stamp } from '../arm/system-data.ts';
import type { ArmReply, ArmRequest, ResourceTypeDefinition } from '../resource-provider.ts';

export interface TagDeps {
  readonly store: Store;
  readonly now: () => Date;
}

type Tags = Readonly<Record<string, string>>;

const properties = z.object({ tags: optional(tags) });
const putBody = z.object({ properties });
const patchBody = z.object({ operation: z.enum(['Replace', 'Merge', 'Delete']), properties });

export function tagsType(deps: TagDeps, apiVersions: readonly string[]): ResourceTypeDefinition {
  return {
    type: 'tags',
    apiVersions,
    location: 'global',
    scope: 'extension',
    get: async (request) => answer(request, (await target(deps, deps.store, request)).tags),
    put: async (request) => {
      const wanted = readBody(request, putBody).properties.tags ?? {};
      return change(deps, request, () => wanted);
    },
    patch: async (request) => {
      const { operation, properties: given } = readBody(request, patchBody);
      const named = given.tags ?? {};
      return change(deps, request, (old) => {
        if (operation === 'Replace') return named;
        return operation === 'Merge' ? merged(old, named) : without(old, named);
      });
    },
    delete: async (request) => change(deps, request, () => ({})),
  };
}

/** What the tags are on. A subscription has no record of its own, so its tags have one. */
async function target(
  { now }: TagDeps,
  store: Pick<Store, 'resources'>,
  request: ArmRequest,
): Promise<ResourceDraft> {
  const { scope = '', subscriptionId = '', names } = request.target;
  if (names[0]?.toLowerCase() !== 'default') {
    throw new ArmError(404, 'InvalidTagsResourceName', "The name of a tags resource must be 'default'.");
  }
  const isSubscription = /^\/subscriptions\/[^/]+\/?$/i.test(scope);
  const record = await store.resources.get(isSubscription ? request.target.id : scope);
  if (record !== undefined) return withoutEtag(record);
  if (!isSubscription) {
    throw new ArmError(404, 'ResourceNotFound', `The resource '${scope}' was not found.`);
  }
  return {
    ...{ id: request.target.id, type: 'Microsoft.Resources/tags', name: 'default', subscriptionId, tags: {} },
    ...{ resourceGroup: undefined, location: undefined, body: {}, secret: undefined },
    ...stamp(request.principal, now()),
  };
}

async function change(deps: TagDeps, request: ArmRequest, next: (old: Tags) => Tags): Promise<ArmReply> {
  const { store, now } = deps;
  const written = await store.transaction(async (repositories) => {
    const before = await target(deps, repositories, request);
    const draft: ResourceDraft = {
      ...before,
      tags: next(before.tags),
      ...stamp(request.principal, now(), before),
    };
    requireLimits(draft.tags);
    return (await repositories.resources.replace(draft)) ?? repositories.resources.insert(draft);
  });
  if (written === undefined) throw concurrentChange(request.target);
  return request.method === 'DELETE' ? { status: 200 } : answer(request, written.tags);
}

function answer({ target: { id } }: ArmRequest, current: Tags): ArmReply {
  return {
    status: 200,
    body: { id, name: 'default', type: 'Microsoft.Resources/tags', properties: { tags: current } },
  };
}

/** Names of tags compare without regard to case; the first spelling stays. */
function merged(old: Tags, added: Tags): Tags {
  const result: Record<string, string> = { ...old };
  for (const [name, value] of Object.entries(added)) result[spelling(old, name)] = value;
  return result;
}

/** Takes away what has both the name and the value that are given. */
function without(old: Tags, removed: Tags): Tags {
  const gone = new Set(
    Object.entries(removed).flatMap(([name, value]) => {
      const known = spelling(old, name);
      return old[known] === value || value === '' ? [known] : [];
    }),
  );
  return Object.fromEntries(Object.entries(old).filter(([name]) => !gone.has(name)));
}

function spelling(old: Tags, name: string): string {
  return Object.keys(old).find((known) => known.toLowerCase() === name.toLowerCase()) ?? name;
}

/** A merge can pass limits that neither side passes alone. */
function requireLimits(current: Tags): void {
  const [finding] = tagsWithinLimits(current);
  if (finding === undefined) return;
  const message = finding.message ?? `Expected ${finding.expected ?? 'legal tags'}.`;
  throw invalidBody([{ path: '$.properties.tags', code: finding.code ?? 'BadValue', message }]);
}

function withoutEtag(record: ResourceRecord): ResourceDraft {
  const { etag: _, ...draft } = record;
  return draft;
}
