/** The service as one function from request to response: no sockets, no globals. */
import { Hono } from 'hono';
import type { Logger } from 'pino';
import type { AccessCheck } from '../identity/access/access-check.ts';
import type { SigningKeys } from '../identity/keys/signing-keys.ts';
import type { ServicePrincipals } from '../identity/principals/service-principals.ts';
import type { Tenant } from '../identity/tenant.ts';
import type { TokenService } from '../identity/tokens/token-service.ts';
import type { ArmMethod, Dispatch, ResourceProvider } from '../providers/resource-provider.ts';
import type { Store } from '../store/store.ts';
import { answerArm, type ActivityListener } from './arm/answer-arm.ts';
import { createPipeline, type Pipeline } from './arm/pipeline.ts';
import { createRegistry, type Registry } from './arm/registry.ts';
import { providerVersions, subscriptionVersions } from './core/core-versions.ts';
import { operationRoutes } from './core/operation-routes.ts';
import { providerRoutes } from './core/provider-routes.ts';
import { subscriptionRoutes } from './core/subscription-routes.ts';
import type { Subscriptions } from './directory/subscriptions.ts';
import { cloudMetadata, imageAliasesPath } from './metadata/cloud-metadata.ts';
import { tokenRoutes } from './tokens/token-routes.ts';

export interface AppDeps {
  readonly store: Store;
  /** Providers of one namespace are merged. */
  readonly providers: readonly ResourceProvider[];
  readonly tenant: Tenant;
  readonly subscriptions: Subscriptions;
  readonly principals: ServicePrincipals;
  readonly keys: SigningKeys;
  readonly tokens: TokenService;
  readonly access: Pick<AccessCheck, 'allowed' | 'scopesOf'>;
  /** Throws ArmError when a lock forbids `method` on the resource. */
  readonly refuseIfLocked: (id: string, method: ArmMethod) => Promise<void>;
  readonly isOwnHost: (hostname: string) => boolean;
  readonly storageSuffix: () => string;
  /** Short names of platform images, in the shape that `az vm image list` reads. */
  readonly imageAliases: object;
  /** Paths that are no part of Resource Manager; asked before it. */
  readonly mounts?: readonly Mount[];
  /** Told every write that reached a provider, and how it ended. */
  readonly onActivity?: ActivityListener;
  readonly log: Logger;
  readonly now: () => Date;
}

/** For example the directory's `/v1.0`. */
export interface Mount {
  readonly path: string;
  readonly app: Hono;
}

export interface App {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly dispatch: Dispatch;
  readonly registry: Registry;
}

export function createApp(deps: AppDeps): App {
  const { store, subscriptions, tenant } = deps;
  const late: { pipeline?: Pipeline; registry?: Registry } = {};
  const started = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('The service is not put together yet');
    return value;
  };
  const own = [
    ...subscriptionRoutes({ tenant, subscriptions, access: deps.access }),
    ...providerRoutes({ registry: () => started(late.registry), subscriptions }),
    ...operationRoutes({ store, dispatch: () => started(late.pipeline).dispatch }),
  ];
  const registry = createRegistry([...deps.providers, resourceManager], own);
  const pipeline = createPipeline({ ...deps, registry });
  Object.assign(late, { pipeline, registry });

  const app = new Hono();
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/metadata/endpoints', (context) => {
    const { origin, searchParams } = new URL(context.req.url);
    const apiVersion = searchParams.get('api-version') ?? '2015-01-01';
    return context.json(cloudMetadata(apiVersion, { origin, storageSuffix: deps.storageSuffix() }));
  });
  app.get(imageAliasesPath, (context) => context.json(deps.imageAliases));
  app.route('/', tokenRoutes(deps));
  for (const { path, app: mounted } of deps.mounts ?? []) app.route(path, mounted);
  app.all('*', async (context) => answerArm({ ...deps, pipeline }, context.req.raw));
  app.onError((error) => {
    deps.log.error({ err: error }, 'a request failed');
    return Response.json(
      { error: { code: 'InternalServerError', message: 'Encountered internal server error.' } },
      { status: 500 },
    );
  });
  return { fetch: async (request) => app.fetch(request), dispatch: pipeline.dispatch, registry };
}

/** What the provider document of `Microsoft.Resources` lists for the routes that the server answers itself. */
const resourceManager: ResourceProvider = {
  namespace: 'Microsoft.Resources',
  registeredByDefault: true,
  types: [
    ...['tenants', 'subscriptions', 'subscriptions/locations'].map((type) => ({
      type,
      versions: subscriptionVersions,
    })),
    ...['providers', 'subscriptions/providers'].map((type) => ({ type, versions: providerVersions })),
  ].map(({ type, versions }) => ({ type, apiVersions: versions, location: 'global', scope: 'tenant' })),
};
