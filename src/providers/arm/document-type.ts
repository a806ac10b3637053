/**
 * CRUD for a resource that is only data: a schema for its body, and hooks where the service has a word to say.
 * Answers at once; `provisioningState` is `Succeeded` as soon as the row is written.
 */
import { z } from 'zod';
import { tags } from '../../arm/wire/template/resource.ts';
import { optional } from '../../arm/wire/scalars.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { ResourceDraft, ResourceRecord } from '../../store/records.ts';
import type { Repositories, ResourceFilter, Store } from '../../store/store.ts';
import type { ArmHandler, ArmReply, ArmRequest, ResourceTypeDefinition } from '../resource-provider.ts';
import { checkEtag, preconditionFailed } from './etag.ts';
import { locationName, requireLocation } from './locations.ts';
import { acceptedHeaders, endOperation, startOperation } from './long-running.ts';
import { mergePatch } from './merge-patch.ts';
import { pageOf, pageReply } from './paging.ts';
import { removeBelow } from './remove-below.ts';
import { readBody } from './request-body.ts';
import {
  concurrentChange,
  locationCannotChange,
  parentResourceNotFound,
  resourceNotFound,
} from './resource-errors.ts';
import { stamp } from './system-data.ts';
import { quotedEtag, wireOf } from './wire-of.ts';

export interface DocumentTypeOptions<S extends z.ZodObject> {
  readonly store: Store;
  readonly now: () => Date;
  /** For example `Microsoft.Network`. */
  readonly namespace: string;
  /** For example `virtualNetworks/subnets`. */
  readonly type: string;
  /** Newest first. */
  readonly apiVersions: readonly string[];
  /** `regional`: requests must name a location. */
  readonly location: 'regional' | 'global';
  /** See ResourceTypeDefinition.scope. */
  readonly scope?: 'group' | 'subscription' | 'tenant' | 'extension';
  /** What a PUT may hold besides location and tags: `properties`, `identity`, `sku`, … Unknown fields are dropped. */
  readonly body: S;
  /** Checks across fields and fills what the service decides; throws ArmError to refuse. Default: the body as it is. */
  readonly complete?: (write: DocumentWrite<z.output<S>>) => JsonObject | Promise<JsonObject>;
  /** After the row is written, in the same transaction; no effects outside of it. */
  readonly written?: (
    repositories: Repositories,
    record: ResourceRecord,
    request: ArmRequest,
  ) => Promise<void>;
  /** Before the row goes, in the same transaction; throws ArmError to refuse. */
  readonly removing?: (
    repositories: Repositories,
    record: ResourceRecord,
    request: ArmRequest,
  ) => Promise<void>;
  /** What the wire shows; default `wireOf`. */
  readonly toWire?: (record: ResourceRecord, request: ArmRequest) => object | Promise<object>;
  /** `merge` (default): tags are replaced, other fields merged as in RFC 7396, then checked like a PUT. */
  readonly patch?: 'merge' | 'tags' | 'none';
  /** `operation`: 201 or 200 with the URL of an operation that has already ended; 202 for DELETE. Default `immediate`. */
  readonly style?: 'immediate' | 'operation';
  /** Default true: `properties.provisioningState` is `Succeeded`. */
  readonly provisioningState?: boolean;
  readonly listInSubscription?: boolean;
  readonly actions?: Readonly<Record<string, ArmHandler>>;
}

export interface DocumentWrite<Body> {
  readonly request: ArmRequest;
  readonly body: Body;
  readonly location: string | undefined;
  readonly before: ResourceRecord | undefined;
}

const envelope = z.object({
  location: optional(z.string().max(100)),
  tags: optional(tags),
});

/** The definition of a type that is only data. */
export function documentType<S extends z.ZodObject>(options: DocumentTypeOptions<S>): ResourceTypeDefinition {
  const { store } = options;
  const fullType = `${options.namespace}/${options.type}`;
  const show = async (record: ResourceRecord, request: ArmRequest): Promise<object> =>
    options.toWire === undefined ? wireOf(record) : options.toWire(record, request);
  const find = async (request: ArmRequest): Promise<ResourceRecord> => {
    const record = await store.resources.get(request.target.id);
    if (record === undefined) throw resourceNotFound(request.target);
    return record;
  };
  const answer = async (status: number, record: ResourceRecord, request: ArmRequest): Promise<ArmReply> => ({
    status,
    body: await show(record, request),
    headers: { ETag: quotedEtag(record.etag) },
  });
  const list = (filterOf: (request: ArmRequest) => ResourceFilter): ArmHandler => {
    return async (request) => {
      const page = await store.resources.list({ type: fullType, ...filterOf(request) }, pageOf(request));
      return pageReply(request, page, async (record) => show(record, request));
    };
  };

  const write = async (
    request: ArmRequest,
    input: unknown,
    before: ResourceRecord | undefined,
  ): Promise<ArmReply> => {
    const ifMatch = checkEtag(request.headers, before);
    const outer = readBody({ body: input }, envelope);
    const location = locationOf(options, request, outer.location, before);
    const body = readBody({ body: input }, options.body);
    const content = await complete(options, { request, body, location, before });
    const draft: ResourceDraft = {
      id: before?.id ?? request.target.id,
      type: fullType,
      name: before?.name ?? request.target.names.at(-1) ?? '',
      subscriptionId: request.target.subscriptionId ?? '',
      resourceGroup: before?.resourceGroup ?? request.target.resourceGroup,
      location,
      tags: outer.tags ?? {},
      body: content,
      secret: before?.secret,
      ...stamp(request.principal, options.now(), before),
    };
    const record = await store.transaction(async (repositories) => {
      const { resources } = repositories;
      const written =
        before === undefined
          ? await resources.insert(draft)
          : await resources.replace(draft, ifMatch ?? before.etag);
      if (written === undefined) {
        throw ifMatch === undefined ? concurrentChange(request.target) : preconditionFailed();
      }
      await options.written?.(repositories, written, request);
      return written;
    });
    const reply = await answer(before === undefined ? 201 : 200, record, request);
    return options.style === 'operation' ? withOperation(options, request, record, reply) : reply;
  };

  return {
    type: options.type,
    apiVersions: options.apiVersions,
    location: options.location,
    ...(options.scope === undefined ? {} : { scope: options.scope }),
    get: async (request) => answer(200, await find(request), request),
    put: async (request) => {
      await requireParent(store, request);
      return write(request, request.body, await store.resources.get(request.target.id));
    },
    ...(options.patch === 'none'
      ? {}
      : {
          patch: async (request: ArmRequest) => {
            const before = await find(request);
            return write(
              request,
              patched(options.patch === 'tags' ? 'tags' : 'merge', before, request),
              before,
            );
          },
        }),
    delete: async (request) => {
      const before = await store.resources.get(request.target.id);
      if (before === undefined) return { status: 204 };
      const ifMatch = checkEtag(request.headers, before);
      await store.transaction(async (repositories) => {
        await options.removing?.(repositories, before, request);
        await removeBelow(repositories, before.id);
        if (!(await repositories.resources.remove(before.id, ifMatch)) && ifMatch !== undefined) {
          throw preconditionFailed();
        }
      });
      if (options.style !== 'operation') return { status: 200 };
      return withOperation(options, request, before, { status: 202 });
    },
    list: list(({ target }) => ({
      ...(target.subscriptionId === undefined ? {} : { subscriptionId: target.subscriptionId }),
      ...(target.resourceGroup === undefined ? {} : { resourceGroup: target.resourceGroup }),
      ...(target.names.length > 0 || target.scope !== undefined
        ? { under: parentId(target.id, options.namespace, target.types) }
        : {}),
    })),
    ...(options.listInSubscription === false || options.type.includes('/')
      ? {}
      : { listInSubscription: list(({ target }) => ({ subscriptionId: target.subscriptionId ?? '' })) }),
    ...(options.actions === undefined ? {} : { actions: options.actions }),
  };
}

/** The id a collection hangs on: `…/virtualNetworks/a` of `…/virtualNetworks/a/subnets`. */
function parentId(collectionId: string, namespace: string, types: readonly string[]): string {
  const last = `/${types.at(-1) ?? ''}`;
  const parent = collectionId.slice(0, collectionId.length - last.length);
  const suffix = `/providers/${namespace}`;
  return parent.toLowerCase().endsWith(suffix.toLowerCase()) ? parent.slice(0, -suffix.length) : parent;
}

/** @throws ArmError 404 `ParentResourceNotFound` for a child whose parent is not stored. */
async function requireParent(store: Store, { target }: ArmRequest): Promise<void> {
  if (target.types.length < 2) return;
  const parent = target.id.split('/').slice(0, -2).join('/');
  if ((await store.resources.get(parent)) === undefined) throw parentResourceNotFound(target);
}

function locationOf<S extends z.ZodObject>(
  options: DocumentTypeOptions<S>,
  request: ArmRequest,
  wanted: string | undefined,
  before: ResourceRecord | undefined,
): string | undefined {
  if (options.location === 'global') return wanted === undefined ? before?.location : locationName(wanted);
  const location = requireLocation(wanted, `${options.namespace}/${options.type}`);
  if (before?.location !== undefined && before.location !== location) {
    throw locationCannotChange(request.target, before.location, location);
  }
  return location;
}

async function complete<S extends z.ZodObject>(
  options: DocumentTypeOptions<S>,
  write: DocumentWrite<z.output<S>>,
): Promise<JsonObject> {
  const body = options.complete === undefined ? asJson(write.body) : await options.complete(write);
  if (options.provisioningState === false) return body;
  const properties = body['properties'];
  return {
    ...body,
    properties: { ...(isJsonObject(properties) ? properties : {}), provisioningState: 'Succeeded' },
  };
}

/** What zod read from JSON is JSON; going through text also drops fields that are undefined. */
function asJson(value: unknown): JsonObject {
  const copy: unknown = JSON.parse(JSON.stringify(value));
  return isJsonObject(copy) ? copy : {};
}

function patched(patch: 'merge' | 'tags', before: ResourceRecord, request: ArmRequest): JsonObject {
  const change = readBody(request, z.looseObject({ tags: optional(tags) }));
  const { location, tags: oldTags, body } = before;
  const base: JsonObject = { ...body, tags: oldTags, ...(location === undefined ? {} : { location }) };
  if (patch === 'tags') return { ...base, tags: change.tags ?? oldTags };
  const raw = isJsonObject(request.body) ? request.body : {};
  const merged = mergePatch(base, raw);
  return { ...merged, tags: change.tags ?? oldTags };
}

async function withOperation<S extends z.ZodObject>(
  options: DocumentTypeOptions<S>,
  request: ArmRequest,
  record: ResourceRecord,
  reply: ArmReply,
): Promise<ArmReply> {
  const { store, namespace, type } = options;
  const now = options.now();
  const verb = request.method === 'DELETE' ? 'delete' : 'write';
  const operation = await startOperation(store, request, {
    ...{ namespace, now, location: record.location, resourceId: record.id, kind: `${type}/${verb}` },
  });
  await endOperation(store, operation.id, { status: 'Succeeded' }, now);
  const style = verb === 'delete' ? 'both' : 'status';
  return {
    ...reply,
    headers: { ...reply.headers, ...acceptedHeaders(request, operation, { style, retryAfterSeconds: 1 }) },
  };
}
