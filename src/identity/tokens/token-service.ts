/** Access tokens: issued as Azure's directory does for applications, and checked on every call. */
import { randomBytes } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';
import type { PrincipalType } from '../../store/records.ts';
import type { SigningKeys } from '../keys/signing-keys.ts';
import type { Principal } from '../principal.ts';
import { readAudience, type Audience } from './audience.ts';

export interface TokenRequest {
  readonly principal: Principal;
  /** As the client named it; becomes `aud`. */
  readonly resource: string;
  /** URL that becomes `iss`. */
  readonly issuer: string;
  readonly version: '1.0' | '2.0';
}

export interface IssuedToken {
  readonly token: string;
  /** Seconds since the epoch. */
  readonly notBefore: number;
  readonly expiresOn: number;
  readonly expiresInSeconds: number;
}

/** Why a token does not count; the codes are Azure's. */
export interface TokenProblem {
  readonly code:
    | 'InvalidAuthenticationToken'
    | 'ExpiredAuthenticationToken'
    | 'InvalidAuthenticationTokenTenant'
    | 'InvalidAuthenticationTokenAudience';
  readonly message: string;
}

export type CheckedToken =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly problem: TokenProblem };

export interface TokenService {
  issue(request: TokenRequest): Promise<IssuedToken>;
  /** Checks signature, life time, tenant and audience. Never throws for a bad token. */
  check(token: string, audiences: readonly Audience[]): Promise<CheckedToken>;
}

export interface TokenServiceOptions {
  readonly keys: SigningKeys;
  readonly tenantId: string;
  /** Host names, in lower case, under which this service is reached. */
  readonly isOwnHost: (hostname: string) => boolean;
  readonly now: () => Date;
}

const lifetimeSeconds = 3599;
const clockSkewSeconds = 300;
const maxTokenLength = 8192;

export function createTokenService(options: TokenServiceOptions): TokenService {
  const { keys, tenantId, isOwnHost, now } = options;
  return {
    issue: async ({ principal, resource, issuer, version }) => {
      const key = await keys.current();
      const seconds = Math.floor(now().getTime() / 1000);
      const expiresOn = seconds + lifetimeSeconds;
      const application =
        version === '1.0' ? { appid: principal.name, appidacr: '1' } : { azp: principal.name, azpacr: '1' };
      const token = await new SignJWT({
        ...application,
        idp: issuer,
        idtyp: 'app',
        oid: principal.objectId,
        tid: principal.tenantId,
        uti: randomBytes(16).toString('base64url'),
        ver: version,
      })
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.kid, x5t: key.kid })
        .setAudience(resource)
        .setIssuer(issuer)
        .setSubject(principal.objectId)
        .setIssuedAt(seconds)
        .setNotBefore(seconds)
        .setExpirationTime(expiresOn)
        .sign(key.privateKey);
      return { token, notBefore: seconds, expiresOn, expiresInSeconds: lifetimeSeconds };
    },
    check: async (token, audiences) => {
      const verified = await verify(token, keys, now());
      if (!verified.ok) return verified;
      const { payload } = verified;
      if (payload['tid'] !== tenantId) {
        return refuse(
          'InvalidAuthenticationTokenTenant',
          `The access token is from the wrong issuer. It must match the tenant '${tenantId}' associated with this subscription.`,
        );
      }
      const audience = typeof payload.aud === 'string' ? payload.aud : '';
      const kind = readAudience(audience, isOwnHost);
      if (kind === undefined || !audiences.includes(kind)) {
        return refuse(
          'InvalidAuthenticationTokenAudience',
          `The access token has been obtained for wrong audience or resource '${audience}'.`,
        );
      }
      const principal = principalOf(payload, tenantId);
      return principal === undefined ? invalid() : { ok: true, principal };
    },
  };
}

async function verify(
  token: string,
  keys: SigningKeys,
  now: Date,
): Promise<
  { readonly ok: true; readonly payload: JWTPayload } | { readonly ok: false; readonly problem: TokenProblem }
> {
  try {
    const kid = token.length > maxTokenLength ? undefined : decodeProtectedHeader(token).kid;
    const key = kid === undefined ? undefined : await keys.find(kid);
    if (key === undefined) return invalid();
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['RS256'],
      currentDate: now,
      clockTolerance: clockSkewSeconds,
      requiredClaims: ['exp', 'aud', 'oid', 'tid'],
    });
    return { ok: true, payload };
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      const expiry = new Date((error.payload.exp ?? 0) * 1000).toISOString();
      return refuse(
        'ExpiredAuthenticationToken',
        `The access token expiry UTC time '${expiry}' is earlier than current UTC time '${now.toISOString()}'.`,
      );
    }
    // decodeProtectedHeader says TypeError about what is no token at all.
    if (error instanceof errors.JOSEError || error instanceof TypeError) return invalid();
    throw error;
  }
}

function principalOf(payload: JWTPayload, tenantId: string): Principal | undefined {
  const { oid, idtyp } = payload;
  const name = payload['appid'] ?? payload['azp'] ?? payload['upn'];
  if (typeof oid !== 'string' || typeof name !== 'string') return undefined;
  const type: PrincipalType = idtyp === 'app' ? 'Application' : 'User';
  return { objectId: oid, tenantId, name, type };
}

function invalid(): { readonly ok: false; readonly problem: TokenProblem } {
  return refuse('InvalidAuthenticationToken', 'The access token is invalid.');
}

function refuse(
  code: TokenProblem['code'],
  message: string,
): { readonly ok: false; readonly problem: TokenProblem } {
  return { ok: false, problem: { code, message } };
}
