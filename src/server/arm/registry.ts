/** Every provider's types and routes, found by the words of a path without regard to case. */
import type {
  ArmMethod,
  ProviderRoute,
  ResourceProvider,
  ResourceTypeDefinition,
} from '../../providers/resource-provider.ts';

export interface RegisteredType {
  readonly namespace: string;
  /** Without the namespace, in the provider's case. */
  readonly types: readonly string[];
  readonly definition: ResourceTypeDefinition;
  readonly provider: ResourceProvider;
}

export interface RegisteredRoute {
  readonly route: ProviderRoute;
  /** Undefined for what the server answers itself. */
  readonly provider: ResourceProvider | undefined;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Registry {
  /** Providers of one namespace are one. */
  readonly namespaces: ReadonlyMap<string, readonly ResourceProvider[]>;
  /** The namespace in its own case. */
  namespace(word: string): string | undefined;
  /** `types` without the namespace. */
  type(namespace: string, types: readonly string[]): RegisteredType | undefined;
  /** The routes that match a path, with fewer parameters first; one per method at most. */
  routes(segments: readonly string[]): readonly RegisteredRoute[];
}

interface RouteNode {
  readonly words: Map<string, RouteNode>;
  parameter: RouteNode | undefined;
  readonly routes: Map<
    ArmMethod,
    { readonly route: ProviderRoute; readonly provider: ResourceProvider | undefined }
  >;
}

/**
 * @param own routes of the server itself.
 * @throws Error when two providers claim the same type or the same route.
 */
export function createRegistry(
  providers: readonly ResourceProvider[],
  own: readonly ProviderRoute[],
): Registry {
  const namespaces = new Map<string, ResourceProvider[]>();
  const names = new Map<string, string>();
  const types = new Map<string, RegisteredType>();
  const root = node();
  for (const provider of providers) {
    const key = provider.namespace.toLowerCase();
    names.set(key, names.get(key) ?? provider.namespace);
    namespaces.set(key, [...(namespaces.get(key) ?? []), provider]);
    for (const definition of provider.types) {
      const typeKey = `${key}/${definition.type.toLowerCase()}`;
      if (types.has(typeKey)) throw new Error(`The type ${typeKey} is provided twice`);
      const parts = definition.type.split('/');
      types.set(typeKey, { namespace: provider.namespace, types: parts, definition, provider });
    }
    for (const route of provider.routes ?? []) addRoute(root, route, provider);
  }
  for (const route of own) addRoute(root, route, undefined);
  return {
    namespaces,
    namespace: (word) => names.get(word.toLowerCase()),
    type: (namespace, words) => types.get(`${namespace}/${words.join('/')}`.toLowerCase()),
    routes: (segments) => {
      const found = new Map<ArmMethod, RegisteredRoute>();
      for (const [leaf, values] of leaves(root, segments, 0, [])) {
        for (const [method, { route, provider }] of leaf.routes) {
          if (found.has(method)) continue;
          const parameterNames = parametersOf(route.path);
          const parameters = Object.fromEntries(parameterNames.map((name, at) => [name, values[at] ?? '']));
          found.set(method, { route, provider, parameters });
        }
      }
      return [...found.values()];
    },
  };
}

function node(): RouteNode {
  return { words: new Map(), parameter: undefined, routes: new Map() };
}

function addRoute(root: RouteNode, route: ProviderRoute, provider: ResourceProvider | undefined): void {
  let at = root;
  for (const word of route.path.split('/').filter((part) => part !== '')) {
    if (word.startsWith('{')) {
      at.parameter ??= node();
      at = at.parameter;
    } else {
      const next = at.words.get(word.toLowerCase()) ?? node();
      at.words.set(word.toLowerCase(), next);
      at = next;
    }
  }
  if (at.routes.has(route.method))
    throw new Error(`The route ${route.method} ${route.path} is provided twice`);
  at.routes.set(route.method, { route, provider });
}

/** Depth first, literal words before parameters; paths are short, so this ends soon. */
function* leaves(
  at: RouteNode,
  segments: readonly string[],
  index: number,
  values: readonly string[],
): Generator<readonly [RouteNode, readonly string[]]> {
  const segment = segments[index];
  if (segment === undefined) {
    yield [at, values];
    return;
  }
  const literal = at.words.get(segment.toLowerCase());
  if (literal !== undefined) yield* leaves(literal, segments, index + 1, values);
  if (at.parameter !== undefined) yield* leaves(at.parameter, segments, index + 1, [...values, segment]);
}

function parametersOf(path: string): string[] {
  return [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? '');
}
