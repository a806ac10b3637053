/** The whole app over a database in memory, without a socket. */
import { pino } from 'pino';
import { createAccessCheck } from '../../identity/access/access-check.ts';
import { assignRole } from '../../identity/access/assign-role.ts';
import { openSigningKeys } from '../../identity/keys/signing-keys.ts';
import { createServicePrincipals } from '../../identity/principals/service-principals.ts';
import { openTenant } from '../../identity/tenant.ts';
import { createTokenService } from '../../identity/tokens/token-service.ts';
import type { ResourceProvider } from '../../providers/resource-provider.ts';
import type { Store } from '../../store/store.ts';
import { openMemoryStore } from '../../store/testing/memory-store.ts';
import { createApp, type App, type AppDeps } from '../app.ts';
import type { Activity } from '../arm/answer-arm.ts';
import { createSubscriptions } from '../directory/subscriptions.ts';

export const origin = 'https://localhost:8443';
export const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
export const reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';

export interface TestApp extends AsyncDisposable {
  readonly app: App;
  readonly store: Store;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly activities: readonly Activity[];
  /** A new application that holds `role` at `scope`. */
  login(role: string, scope: string): Promise<Login>;
  /** As the owner of everything, unless `token` says otherwise. */
  send(method: string, path: string, options?: SendOptions): Promise<Answer>;
}

export interface Login {
  readonly appId: string;
  readonly objectId: string;
  readonly secret: string;
  readonly token: string;
}

export interface SendOptions {
  /** JSON, or text that is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Undefined: the owner's; null: none. */
  readonly token?: string | null;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed; undefined when there is none. */
  readonly body: unknown;
  /** `error.code`. */
  readonly code: string | undefined;
  /** `error.message`. */
  readonly message: string | undefined;
}

export interface TestAppOptions {
  readonly providers?: (store: Store) => readonly ResourceProvider[];
  readonly refuseIfLocked?: AppDeps['refuseIfLocked'];
}

export async function openTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  await using stack = new AsyncDisposableStack();
  const store = stack.use(await openMemoryStore());
  const { settings } = store;
  const now = (): Date => new Date();
  const tenant = await openTenant(settings);
  const { tenantId } = tenant;
  const subscriptions = createSubscriptions({ settings, nowMs: () => performance.now() });
  const { subscriptionId } = await subscriptions.ensureFirst('Test');
  const keys = openSigningKeys({ settings, now });
  const principals = createServicePrincipals({ settings, tenantId, now });
  const isOwnHost = (host: string): boolean => host === 'localhost';
  const tokens = createTokenService({ keys, tenantId, isOwnHost, now });
  const access = stack.use(createAccessCheck({ store }));
  const activities: Activity[] = [];
  const app = createApp({
    ...{ store, tenant, subscriptions, principals, keys, tokens, access, isOwnHost, now },
    providers: options.providers?.(store) ?? [],
    refuseIfLocked: options.refuseIfLocked ?? (async () => undefined),
    storageSuffix: () => 'blob.localhost',
    imageAliases: {},
    onActivity: (activity) => void activities.push(activity),
    log: pino({ level: 'silent' }),
  });
  const login = async (role: string, scope: string): Promise<Login> => {
    const { appId, objectId, secret } = await principals.create('test');
    const by = { objectId, name: appId, type: 'Application' } as const;
    await assignRole(store.resources, {
      ...{ scope, role, by, principalId: objectId, principalType: 'ServicePrincipal', now: now() },
    });
    access.invalidate();
    const principal = { objectId, tenantId, name: appId, type: 'Application' } as const;
    const issued = await tokens.issue({ principal, resource: `${origin}/`, issuer: origin, version: '1.0' });
    return { appId, objectId, secret, token: issued.token };
  };
  const first = await login(owner, '/');
  const running = stack.move();
  return {
    ...{ app, store, tenantId, subscriptionId, activities, login },
    send: async (method, path, { body, headers = {}, token = first.token } = {}) => {
      const request = new Request(new URL(path.replace('{s}', subscriptionId), origin), {
        method,
        headers: { ...(token === null ? {} : { Authorization: `Bearer ${token}` }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      return readAnswer(await app.fetch(request));
    },
    [Symbol.asyncDispose]: async () => running.disposeAsync(),
  };
}

async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  const body: unknown = text === '' ? undefined : JSON.parse(text);
  const error = field(body, 'error');
  return {
    status: response.status,
    headers: response.headers,
    body,
    code: word(field(error, 'code')),
    message: word(field(error, 'message')),
  };
}

/** A field of parsed JSON; undefined when there is no object or no field. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function word(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
