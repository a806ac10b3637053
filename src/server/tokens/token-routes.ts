/** Discovery documents, published keys and token endpoints, mounted for every authority that clients use. */
import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { ArmError } from '../../arm/arm-error.ts';
import type { SigningKeys } from '../../identity/keys/signing-keys.ts';
import type { Tenant } from '../../identity/tenant.ts';
import { readBytes } from '../arm/read-body.ts';
import { instanceDiscovery, openIdConfiguration, type Authority } from './open-id.ts';
import { answerTokenCall, type TokenEndpointDeps } from './token-endpoint.ts';
import { refusalBody, refusals, type TokenRefusal } from './token-errors.ts';

export interface TokenRouteDeps extends TokenEndpointDeps {
  readonly tenant: Tenant;
  readonly keys: SigningKeys;
  readonly now: () => Date;
}

const maxFormBytes = 64 * 1024;
const noStore = { 'Cache-Control': 'no-store, no-cache', Pragma: 'no-cache' };

export function tokenRoutes(deps: TokenRouteDeps): Hono {
  const { tenant, keys, now } = deps;
  const app = new Hono();
  const authorityOf = (request: Request, word: string): Authority | undefined => {
    const { origin } = new URL(request.url);
    const key = word.toLowerCase();
    const known = ['adfs', 'common', 'organizations', tenant.tenantId, tenant.defaultDomain];
    return known.includes(key) ? { word: key, origin, tenantId: tenant.tenantId } : undefined;
  };
  const refuse = (refusal: TokenRefusal): Response => {
    const body = refusalBody(refusal, randomUUID(), now());
    return Response.json(body, { status: refusal.status, headers: noStore });
  };
  const configuration = (request: Request, word: string, version: '1.0' | '2.0'): Response => {
    const authority = authorityOf(request, word);
    if (authority === undefined) return refuse(refusals.unknownTenant(word));
    return Response.json(openIdConfiguration(authority, version));
  };
  const token = async (request: Request, word: string, version: '1.0' | '2.0'): Promise<Response> => {
    const authority = authorityOf(request, word);
    if (authority === undefined) return refuse(refusals.unknownTenant(word));
    const form = await readForm(request);
    if (form === undefined) return refuse(refusals.tooLarge());
    const authorization = request.headers.get('authorization') ?? undefined;
    const answer = await answerTokenCall(deps, { authority, version, form, authorization });
    return answer.ok ? Response.json(answer.body, { headers: noStore }) : refuse(answer.refusal);
  };
  const published = async (): Promise<Response> => Response.json({ keys: await keys.published() });

  app.get('/common/discovery/instance', (context) => {
    const { origin } = new URL(context.req.url);
    return context.json(instanceDiscovery({ origin, tenantId: tenant.tenantId }));
  });
  app.get('/:authority/.well-known/openid-configuration', (context) =>
    configuration(context.req.raw, context.req.param('authority'), '1.0'),
  );
  app.get('/:authority/v2.0/.well-known/openid-configuration', (context) =>
    configuration(context.req.raw, context.req.param('authority'), '2.0'),
  );
  app.get('/:authority/discovery/keys', published);
  app.get('/:authority/discovery/v2.0/keys', published);
  app.post('/:authority/oauth2/token', async (context) =>
    token(context.req.raw, context.req.param('authority'), '1.0'),
  );
  app.post('/:authority/oauth2/v2.0/token', async (context) =>
    token(context.req.raw, context.req.param('authority'), '2.0'),
  );
  return app;
}

/** Undefined when it is too long. What is no form has no fields. */
async function readForm(request: Request): Promise<URLSearchParams | undefined> {
  try {
    return new URLSearchParams(new TextDecoder().decode(await readBytes(request, maxFormBytes)));
  } catch (error) {
    if (error instanceof ArmError) return undefined;
    throw error;
  }
}
