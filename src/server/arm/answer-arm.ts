/** HTTP around the pipeline: who asks, the headers of every answer, and failures as ARM bodies. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { ArmError } from '../../arm/arm-error.ts';
import type { Principal } from '../../identity/principal.ts';
import type { TokenService } from '../../identity/tokens/token-service.ts';
import type { Tenant } from '../../identity/tenant.ts';
import type { ArmMethod, ArmReply } from '../../providers/resource-provider.ts';
import { errorReply } from './error-reply.ts';
import { authenticationFailed, methodNotAllowed } from './front-errors.ts';
import type { Matched, Pipeline } from './pipeline.ts';
import { readJsonBody } from './read-body.ts';

export interface ArmHttpDeps {
  readonly pipeline: Pipeline;
  readonly tokens: TokenService;
  readonly tenant: Tenant;
  readonly onActivity?: ActivityListener;
  readonly log: Logger;
  readonly now: () => Date;
}

/** A write that was asked for, and its answer. */
export interface Activity {
  readonly method: ArmMethod;
  /** The right it needed, for example `Microsoft.Compute/images/write`. */
  readonly action: string;
  readonly resourceId: string;
  readonly subscriptionId: string | undefined;
  readonly resourceGroup: string | undefined;
  readonly namespace: string;
  readonly principal: Principal;
  readonly status: number;
  /** Code of the error; undefined for a success. */
  readonly errorCode: string | undefined;
  readonly errorMessage: string | undefined;
  readonly requestId: string;
  readonly correlationId: string;
  readonly startedAt: Date;
  readonly endedAt: Date;
}

/** Must not throw: the answer is on its way. */
export type ActivityListener = (activity: Activity) => void;

const methods: readonly ArmMethod[] = ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'POST'];
const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Answers any request; never rejects. */
export async function answerArm(deps: ArmHttpDeps, request: Request): Promise<Response> {
  const requestId = randomUUID();
  const given = request.headers.get('x-ms-correlation-request-id');
  const correlationId = given !== null && guid.test(given) ? given.toLowerCase() : randomUUID();
  const startedAt = deps.now();
  const seen: { matched?: Matched; principal?: Principal } = {};
  let reply: ArmReply;
  let failure: ArmError | undefined;
  try {
    reply = await answer(deps, request, { requestId, correlationId }, seen);
  } catch (error) {
    const wrapped = seen.matched?.wrappedErrors ?? true;
    const failed = errorReply(error, { correlationId, now: deps.now(), wrapped });
    ({ reply } = failed);
    failure = error instanceof ArmError ? error : undefined;
    if (failed.isDefect) deps.log.error({ err: error, requestId, correlationId }, 'a request failed');
  }
  logRequest(deps, request, { requestId, startedAt, status: reply.status }, seen.matched);
  tellActivity(deps, request, { requestId, correlationId, startedAt }, seen, reply, failure);
  return toResponse(request, reply, { requestId, correlationId });
}

interface Ids {
  readonly requestId: string;
  readonly correlationId: string;
}

async function answer(
  deps: ArmHttpDeps,
  request: Request,
  ids: Ids,
  seen: { matched?: Matched; principal?: Principal },
): Promise<ArmReply> {
  if (request.method === 'OPTIONS')
    return { status: 204, headers: { Allow: `${methods.join(', ')}, OPTIONS` } };
  const method = methods.find((known) => known === request.method);
  if (method === undefined) throw methodNotAllowed(request.method.slice(0, 20), methods);
  const url = new URL(request.url);
  const principal = await authenticate(deps, request, url);
  seen.principal = principal;
  return deps.pipeline.handle(
    {
      ...{ method, url, principal, ...ids },
      headers: request.headers,
      signal: request.signal,
      readBody: async () => readJsonBody(request),
    },
    (matched) => {
      seen.matched = matched;
    },
  );
}

/** @throws ArmError 401. */
async function authenticate({ tokens, tenant }: ArmHttpDeps, request: Request, url: URL): Promise<Principal> {
  const authority = `${url.origin}/${tenant.tenantId}`;
  const token = /^Bearer +([\w.~+/=-]+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
  if (token === undefined) throw authenticationFailed(authority);
  const checked = await tokens.check(token, ['arm']);
  if (!checked.ok) throw authenticationFailed(authority, checked.problem);
  return checked.principal;
}

function toResponse(request: Request, reply: ArmReply, { requestId, correlationId }: Ids): Response {
  const headers = new Headers({
    'Cache-Control': 'no-cache',
    Pragma: 'no-cache',
    'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
    'X-Content-Type-Options': 'nosniff',
    'x-ms-request-id': requestId,
    'x-ms-correlation-request-id': correlationId,
    'x-ms-routing-request-id': `GOLDSMITH:${requestId}`,
    ...reply.headers,
  });
  const clientId = request.headers.get('x-ms-client-request-id');
  if (clientId !== null && request.headers.get('x-ms-return-client-request-id')?.toLowerCase() === 'true') {
    headers.set('x-ms-client-request-id', clientId);
  }
  const hasBody = reply.body !== undefined && request.method !== 'HEAD' && reply.status !== 204;
  if (hasBody) headers.set('Content-Type', 'application/json; charset=utf-8');
  return new Response(hasBody ? JSON.stringify(reply.body) : null, { status: reply.status, headers });
}

/** One line for each request, at level `debug`; what is asked is told by type, never with names or bodies. */
function logRequest(
  deps: ArmHttpDeps,
  request: Request,
  answer: { readonly requestId: string; readonly startedAt: Date; readonly status: number },
  matched: Matched | undefined,
): void {
  if (!deps.log.isLevelEnabled('debug')) return;
  const target = matched?.target;
  deps.log.debug(
    {
      method: request.method,
      type: target === undefined ? undefined : [target.namespace, ...target.types].join('/'),
      isCollection: target !== undefined && target.names.length < target.types.length,
      action: matched?.action,
      apiVersion: matched?.apiVersion,
      status: answer.status,
      durationMs: deps.now().getTime() - answer.startedAt.getTime(),
      client: request.headers.get('x-ms-useragent') ?? request.headers.get('user-agent'),
      requestId: answer.requestId,
    },
    'request',
  );
}

function tellActivity(
  deps: ArmHttpDeps,
  request: Request,
  ids: Ids & { readonly startedAt: Date },
  { matched, principal }: { readonly matched?: Matched; readonly principal?: Principal },
  reply: ArmReply,
  failure: ArmError | undefined,
): void {
  const method = methods.find((known) => known === request.method);
  const isWrite = method !== undefined && method !== 'GET' && method !== 'HEAD';
  if (!isWrite || matched?.action === undefined || principal === undefined) return;
  const { id: resourceId, subscriptionId, resourceGroup, namespace } = matched.target;
  deps.onActivity?.({
    ...{ method, principal, resourceId, subscriptionId, resourceGroup, namespace, ...ids },
    action: matched.action,
    status: reply.status,
    errorCode: failure?.detail.code,
    errorMessage: failure?.detail.message,
    endedAt: deps.now(),
  });
}
