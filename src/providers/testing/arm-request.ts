/** Requests as the server would hand them to a provider, made from a path; and the service around them. */
import { ArmError } from '../../arm/arm-error.ts';
import type { Principal } from '../../identity/principal.ts';
import type {
  ArmHandler,
  ArmMethod,
  ArmReply,
  ArmRequest,
  ArmTarget,
  ResourceProvider,
} from '../resource-provider.ts';

export const testTenant = '22222222-2222-2222-2222-222222222222';

export const testPrincipal: Principal = {
  objectId: '11111111-1111-1111-1111-111111111111',
  tenantId: testTenant,
  name: '33333333-3333-3333-3333-333333333333',
  type: 'Application',
};

export interface RequestOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly principal?: Principal;
}

/**
 * Calls the handler of `provider` that a request belongs to; the path is read as the server reads it, extension
 * resources included. An ArmError becomes the reply that the server would send.
 */
export async function send(
  provider: ResourceProvider,
  method: ArmMethod,
  pathAndQuery: string,
  options: RequestOptions = {},
): Promise<ArmReply> {
  const url = new URL(pathAndQuery, 'https://arm.test:8443');
  const found = find(provider, method, url.pathname);
  if (found === undefined) throw new Error(`nothing answers ${method} ${url.pathname}`);
  const request: ArmRequest = {
    method,
    url,
    apiVersion: url.searchParams.get('api-version') ?? '2021-04-01',
    target: found.target,
    body: options.body,
    headers: new Headers(options.headers),
    principal: options.principal ?? testPrincipal,
    requestId: '44444444-4444-4444-4444-444444444444',
    correlationId: '55555555-5555-5555-5555-555555555555',
    signal: new AbortController().signal,
  };
  try {
    return await found.handler(request);
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    return { status: error.status, body: { error: error.detail }, headers: error.headers };
  }
}

interface Found {
  readonly target: ArmTarget;
  readonly handler: ArmHandler;
}

function find(provider: ResourceProvider, method: ArmMethod, pathname: string): Found | undefined {
  const path = decodeURIComponent(pathname);
  return findRoute(provider, method, path) ?? findType(provider, method, path);
}

function findRoute(provider: ResourceProvider, method: ArmMethod, path: string): Found | undefined {
  for (const route of provider.routes ?? []) {
    const parameters = matchRoute(route.path, path);
    if (parameters === undefined || route.method !== method) continue;
    return {
      target: targetOf(provider.namespace, path, path, [], []),
      handler: async (request) => route.handler(request, parameters),
    };
  }
  return undefined;
}

function matchRoute(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const value = given[at] ?? '';
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name !== undefined) parameters[name] = value;
    else if (part.toLowerCase() !== value.toLowerCase()) return undefined;
  }
  return parameters;
}

function findType(provider: ResourceProvider, method: ArmMethod, path: string): Found | undefined {
  const marker = `/providers/${provider.namespace}/`;
  const at = path.toLowerCase().lastIndexOf(marker.toLowerCase());
  if (at < 0) return undefined;
  const parts = path.slice(at + marker.length).split('/');
  for (const type of provider.types) {
    const types = type.type.split('/');
    const given = parts.filter((_, index) => index % 2 === 0);
    if (types.some((word, index) => word.toLowerCase() !== given[index]?.toLowerCase())) continue;
    const names = parts.filter((_, index) => index % 2 === 1).slice(0, types.length);
    const rest = parts.slice(types.length + names.length);
    const front = path.slice(0, at);
    const id = `${front}${marker}${parts.slice(0, types.length + names.length).join('/')}`;
    const target = targetOf(provider.namespace, id, front, types, names);
    const scoped = type.scope === 'extension' ? { ...target, scope: front } : target;
    const action = rest[0];
    const handler =
      action === undefined
        ? names.length < types.length
          ? listOf(type, front)
          : type[methodKey(method)]
        : Object.entries(type.actions ?? {}).find(
            ([name]) => name.toLowerCase() === action.toLowerCase(),
          )?.[1];
    if (handler !== undefined && rest.length < 2) return { target: scoped, handler };
  }
  return undefined;
}

function listOf(type: ResourceProvider['types'][number], front: string): ArmHandler | undefined {
  return /\/resourceGroups\//i.test(front) || type.scope === 'extension'
    ? type.list
    : type.listInSubscription;
}

function methodKey(method: ArmMethod): 'get' | 'head' | 'put' | 'patch' | 'delete' {
  const keys = {
    GET: 'get',
    HEAD: 'head',
    PUT: 'put',
    PATCH: 'patch',
    DELETE: 'delete',
    POST: 'get',
  } as const;
  return keys[method];
}

function targetOf(
  namespace: string,
  id: string,
  front: string,
  types: readonly string[],
  names: readonly string[],
): ArmTarget {
  return {
    id,
    subscriptionId: /^\/subscriptions\/([^/]+)/i.exec(front)?.[1],
    resourceGroup: /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)/i.exec(front)?.[1],
    namespace,
    types,
    names,
    scope: undefined,
  };
}
