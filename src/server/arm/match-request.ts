/** Finds what answers a request: a route, or a handler of a resource type; or says in Azure's words why nothing does. */
import { ArmError } from '../../arm/arm-error.ts';
import { isResourceName } from '../../arm/resource-id.ts';
import { resourceNotFound } from '../../providers/arm/resource-errors.ts';
import type {
  ArmHandler,
  ArmMethod,
  ArmTarget,
  ResourceProvider,
  ResourceTypeDefinition,
} from '../../providers/resource-provider.ts';
import { checkNames, type ArmPath, type ProviderPart } from './arm-path.ts';
import { invalidNamespace, invalidType, methodNotAllowed, notFound } from './front-errors.ts';
import type { RegisteredType, Registry } from './registry.ts';

export interface Match {
  readonly handler: ArmHandler;
  readonly provider: ResourceProvider | undefined;
  readonly target: ArmTarget;
  /** Empty: any well-formed one. */
  readonly apiVersions: readonly string[];
  /** The type as error messages name it; undefined for routes. */
  readonly type: ResourceTypeDefinition | undefined;
  /** The right that is needed, and where; undefined: any valid token. */
  readonly action: string | undefined;
  readonly scope: string;
  /** Whether the resource group of the path must exist before the handler is asked. */
  readonly needsGroup: boolean;
}

/** @throws ArmError 404 or 405. */
export function matchRequest(
  registry: Registry,
  method: ArmMethod,
  path: ArmPath,
  apiVersion: string | undefined,
): Match {
  const routes = registry.routes(path.segments);
  const found =
    routes.find(({ route }) => route.method === method) ??
    (method === 'HEAD' ? routes.find(({ route }) => route.method === 'GET') : undefined);
  if (found !== undefined) {
    const { route, provider, parameters } = found;
    return {
      handler: async (request) => route.handler(request, parameters),
      provider,
      apiVersions: route.apiVersions,
      type: undefined,
      action: route.action,
      needsGroup: false,
      ...routeTarget(path, provider?.namespace ?? 'Microsoft.Resources'),
    };
  }
  const last = path.parts.at(-1);
  if (last === undefined || path.rest.length > 0) {
    if (routes.length > 0)
      throw methodNotAllowed(
        method,
        routes.map(({ route }) => route.method),
      );
    throw notFound(`/${path.segments.join('/')}`);
  }
  if (routes.length > 0 && registry.type(last.namespace, typesOf(last.words)) === undefined) {
    throw methodNotAllowed(
      method,
      routes.map(({ route }) => route.method),
    );
  }
  return matchType(registry, method, path, last, apiVersion);
}

function matchType(
  registry: Registry,
  method: ArmMethod,
  path: ArmPath,
  last: ProviderPart,
  apiVersion: string | undefined,
): Match {
  const namespace = registry.namespace(last.namespace);
  if (namespace === undefined) throw invalidNamespace(last.namespace);
  const isPair = last.words.length % 2 === 0;
  const isAction = method === 'POST' && !isPair;
  const words = isAction ? last.words.slice(0, -1) : last.words;
  const registered = registry.type(namespace, typesOf(words));
  if (registered === undefined || words.length === 0) {
    throw invalidType(typesOf(words).join('/'), namespace, apiVersion);
  }
  requireScopeKind(registered, path, isPair || isAction);
  const names = words.filter((_, at) => at % 2 === 1);
  const { definition, provider } = registered;
  const target = targetOf(registry, path, registered, names);
  // `az image create` looks for a VM named like the address of a VHD, and goes on when it is told that there is none.
  const isLooking = isPair && (method === 'GET' || method === 'HEAD');
  if (isLooking && !names.every(isResourceName)) throw resourceNotFound(target);
  checkNames(names);
  const { handler, verb } = isAction
    ? actionOf(definition, last.words.at(-1) ?? '')
    : handlerOf(definition, method, isPair, path.resourceGroup === undefined && words.length === 1);
  if (handler === undefined) throw methodNotAllowed(method, allowedMethods(definition, isPair, isAction));
  return {
    handler,
    provider,
    target,
    apiVersions: definition.apiVersions,
    type: definition,
    action: `${namespace}/${registered.types.join('/')}/${verb}`,
    scope: isPair || isAction ? target.id : parentScope(target),
    // A missing group makes a single resource missing too; that is found out when the provider says so.
    needsGroup:
      path.resourceGroup !== undefined && (isAction || !isPair || method === 'PUT' || method === 'PATCH'),
  };
}

function handlerOf(
  definition: ResourceTypeDefinition,
  method: ArmMethod,
  isPair: boolean,
  inSubscription: boolean,
): { readonly handler: ArmHandler | undefined; readonly verb: string } {
  if (!isPair) {
    const whole = inSubscription && (definition.scope ?? 'group') === 'group';
    const list = whole ? definition.listInSubscription : definition.list;
    return { handler: method === 'GET' ? list : undefined, verb: 'read' };
  }
  switch (method) {
    case 'GET':
      return { handler: definition.get, verb: 'read' };
    case 'HEAD':
      return { handler: definition.head ?? existence(definition.get), verb: 'read' };
    case 'PUT':
      return { handler: definition.put, verb: 'write' };
    case 'PATCH':
      return { handler: definition.patch, verb: 'write' };
    case 'DELETE':
      return { handler: definition.delete, verb: 'delete' };
    default:
      return { handler: undefined, verb: 'action' };
  }
}

/** ARM's "check existence": 204 or 404. */
function existence(get: ArmHandler | undefined): ArmHandler | undefined {
  if (get === undefined) return undefined;
  return async (request) => {
    await get({ ...request, method: 'GET' });
    return { status: 204 };
  };
}

function actionOf(
  definition: ResourceTypeDefinition,
  word: string,
): { readonly handler: ArmHandler | undefined; readonly verb: string } {
  const entry = Object.entries(definition.actions ?? {}).find(
    ([name]) => name.toLowerCase() === word.toLowerCase(),
  );
  if (entry === undefined) {
    throw new ArmError(
      404,
      'NotFound',
      `The action '${word.slice(0, 128)}' is not known for type '${definition.type}'.`,
    );
  }
  return { handler: entry[1], verb: `${entry[0]}/action` };
}

function allowedMethods(
  definition: ResourceTypeDefinition,
  isPair: boolean,
  isAction: boolean,
): readonly string[] {
  if (isAction) return ['POST'];
  if (!isPair)
    return definition.list === undefined && definition.listInSubscription === undefined ? [] : ['GET'];
  const methods = {
    GET: definition.get,
    PUT: definition.put,
    PATCH: definition.patch,
    DELETE: definition.delete,
  };
  return Object.entries(methods).flatMap(([name, handler]) => (handler === undefined ? [] : [name]));
}

/** @throws ArmError 404 when ids of the type start elsewhere than this path does. */
function requireScopeKind(
  { namespace, types, definition }: RegisteredType,
  path: ArmPath,
  isSingle: boolean,
): void {
  const scope = definition.scope ?? 'group';
  const nested = path.parts.length > 1;
  const fits =
    scope === 'extension' ||
    (!nested &&
      ((scope === 'group' &&
        (path.resourceGroup !== undefined ||
          (!isSingle && types.length === 1 && path.subscriptionId !== undefined))) ||
        (scope === 'subscription' && path.subscriptionId !== undefined && path.resourceGroup === undefined) ||
        (scope === 'tenant' && path.subscriptionId === undefined)));
  if (fits) return;
  if (path.subscriptionId === undefined) {
    throw new ArmError(
      404,
      'MissingSubscription',
      'The request did not have a subscription or a valid tenant level resource provider.',
    );
  }
  throw new ArmError(
    404,
    'InvalidResourceType',
    `The resource type '${types.join('/')}' of the namespace '${namespace}' does not exist at this scope.`,
  );
}

function targetOf(
  registry: Registry,
  path: ArmPath,
  { namespace, types, definition }: RegisteredType,
  names: readonly string[],
): ArmTarget {
  const outer = [prefixOf(path), ...path.parts.slice(0, -1).map((part) => partText(registry, part))].join('');
  const own = types
    .map((type, at) => (at < names.length ? `/${type}/${names[at] ?? ''}` : `/${type}`))
    .join('');
  return {
    id: `${outer}/providers/${namespace}${own}`,
    subscriptionId: path.subscriptionId,
    resourceGroup: path.resourceGroup,
    namespace,
    types,
    names,
    scope: definition.scope === 'extension' ? outer : undefined,
  };
}

function routeTarget(
  path: ArmPath,
  namespace: string,
): { readonly target: ArmTarget; readonly scope: string } {
  const { subscriptionId, resourceGroup } = path;
  const target = {
    id: `/${path.segments.join('/')}`,
    ...{ subscriptionId, resourceGroup, namespace },
    types: [],
    names: [],
    scope: undefined,
  };
  return { target, scope: prefixOf(path) === '' ? '/' : prefixOf(path) };
}

function prefixOf({ subscriptionId, resourceGroup }: ArmPath): string {
  if (subscriptionId === undefined) return '';
  const group = resourceGroup === undefined ? '' : `/resourceGroups/${resourceGroup}`;
  return `/subscriptions/${subscriptionId}${group}`;
}

/** A part of a scope, with namespace and types in their provider's case where it is known. */
function partText(registry: Registry, { namespace, words }: ProviderPart): string {
  const own = registry.type(namespace, typesOf(words));
  const text = words.map((word, at) => (at % 2 === 0 ? (own?.types[at / 2] ?? word) : word));
  return ['/providers', registry.namespace(namespace) ?? namespace, ...text].join('/');
}

function typesOf(words: readonly string[]): string[] {
  return words.filter((_, at) => at % 2 === 0);
}

/** The scope of a collection: its parent resource, its group, its subscription or what it hangs on. */
function parentScope(target: ArmTarget): string {
  const last = `/${target.types.at(-1) ?? ''}`;
  const parent = target.id.slice(0, -last.length);
  const suffix = `/providers/${target.namespace}`;
  const scope = target.types.length === 1 ? parent.slice(0, -suffix.length) : parent;
  return scope === '' ? '/' : scope;
}
