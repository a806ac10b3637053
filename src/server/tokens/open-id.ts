/** The documents from which clients learn where tokens come from (OpenID Connect Discovery 1.0, section 4). */

export interface Authority {
  /** First segment of the path: `adfs`, `common`, `organizations` or a tenant. */
  readonly word: string;
  readonly origin: string;
  readonly tenantId: string;
}

/** `iss` of tokens and of the document. */
export function issuerOf({ word, origin, tenantId }: Authority, version: '1.0' | '2.0'): string {
  if (word === 'adfs') return `${origin}/adfs`;
  return version === '2.0' ? `${origin}/${tenantId}/v2.0` : `${origin}/${tenantId}/`;
}

/** `…/.well-known/openid-configuration`. */
export function openIdConfiguration(authority: Authority, version: '1.0' | '2.0'): object {
  const base = `${authority.origin}/${authority.word}`;
  const oauth = version === '2.0' ? `${base}/oauth2/v2.0` : `${base}/oauth2`;
  const discovery = authority.word === 'adfs' ? `${base}/discovery` : `${base}/discovery/v2.0`;
  return {
    issuer: issuerOf(authority, version),
    authorization_endpoint: `${oauth}/authorize`,
    token_endpoint: `${oauth}/token`,
    jwks_uri: `${discovery}/keys`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    grant_types_supported: ['client_credentials'],
    response_types_supported: ['token'],
    response_modes_supported: ['query'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid'],
    claims_supported: ['aud', 'iss', 'iat', 'nbf', 'exp', 'appid', 'idtyp', 'oid', 'sub', 'tid', 'ver'],
    tenant_region_scope: null,
    cloud_instance_name: new URL(authority.origin).host,
  };
}

/** `/common/discovery/instance`: this host stands for nobody else. */
export function instanceDiscovery({ origin, tenantId }: Omit<Authority, 'word'>): object {
  const { host } = new URL(origin);
  return {
    tenant_discovery_endpoint: `${origin}/${tenantId}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  };
}
