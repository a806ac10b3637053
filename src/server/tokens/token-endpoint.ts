/** Tokens for applications: the client credentials grant (RFC 6749, section 4.4) as Azure's v1 and v2.0 endpoints answer it. */
import type { ServicePrincipals } from '../../identity/principals/service-principals.ts';
import { readAudience, resourceOfScope } from '../../identity/tokens/audience.ts';
import type { TokenService } from '../../identity/tokens/token-service.ts';
import { issuerOf, type Authority } from './open-id.ts';
import { refusals, type TokenRefusal } from './token-errors.ts';

export interface TokenEndpointDeps {
  readonly principals: ServicePrincipals;
  readonly tokens: TokenService;
  readonly isOwnHost: (hostname: string) => boolean;
}

export interface TokenCall {
  readonly authority: Authority;
  readonly version: '1.0' | '2.0';
  readonly form: URLSearchParams;
  /** `Authorization` of the request: clients may send id and secret there. */
  readonly authorization: string | undefined;
}

export type TokenAnswer =
  | { readonly ok: true; readonly body: object }
  | { readonly ok: false; readonly refusal: TokenRefusal };

/** Answers one request for a token. */
export async function answerTokenCall(deps: TokenEndpointDeps, call: TokenCall): Promise<TokenAnswer> {
  const { authority, version, form } = call;
  const grant = form.get('grant_type');
  if (grant === null) return refuse(refusals.missing('grant_type'));
  if (grant !== 'client_credentials') return refuse(refusals.unsupportedGrant(grant));
  if (form.has('client_assertion')) return refuse(refusals.assertion());
  const { id, secret } = credentialsOf(call);
  if (id === undefined) return refuse(refusals.missing('client_id'));
  if (secret === undefined) return refuse(refusals.missing('client_secret'));
  const resource = form.get('resource') ?? resourceOfScope(form.get('scope') ?? '');
  if (resource === undefined) return refuse(refusals.missing(version === '1.0' ? 'resource' : 'scope'));
  if (readAudience(resource, deps.isOwnHost) === undefined) {
    return refuse(refusals.unknownResource(resource, authority.tenantId));
  }
  const principal = await deps.principals.authenticate(id, secret);
  if (principal === undefined) {
    const known = (await deps.principals.get(id)) !== undefined;
    return refuse(known ? refusals.wrongSecret(id) : refusals.unknownApplication(id, authority.tenantId));
  }
  const issuer = issuerOf(authority, version);
  const issued = await deps.tokens.issue({ principal, resource, issuer, version });
  const { token, expiresInSeconds, expiresOn, notBefore } = issued;
  const common = { token_type: 'Bearer', access_token: token };
  // The v1 endpoint sends numbers as text.
  const body =
    version === '2.0' || authority.word === 'adfs'
      ? { ...common, expires_in: expiresInSeconds, ext_expires_in: expiresInSeconds }
      : {
          ...common,
          expires_in: String(expiresInSeconds),
          ext_expires_in: String(expiresInSeconds),
          expires_on: String(expiresOn),
          not_before: String(notBefore),
          resource,
        };
  return { ok: true, body };
}

function credentialsOf({ form, authorization }: TokenCall): {
  readonly id: string | undefined;
  readonly secret: string | undefined;
} {
  const id = form.get('client_id') ?? undefined;
  const secret = form.get('client_secret') ?? undefined;
  const basic = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '')?.[1];
  if (basic === undefined || secret !== undefined) return { id, secret };
  const [user = '', ...rest] = Buffer.from(basic, 'base64').toString('utf8').split(':');
  return { id: id ?? formDecode(user), secret: formDecode(rest.join(':')) };
}

/** RFC 6749, section 2.3.1: both are form-encoded before they are joined. */
function formDecode(text: string): string {
  return new URLSearchParams(`v=${text}`).get('v') ?? '';
}

function refuse(refusal: TokenRefusal): TokenAnswer {
  return { ok: false, refusal };
}
