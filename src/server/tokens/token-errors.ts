/** Refusals of the token endpoint (RFC 6749, section 5.2), with the numbers and words of Azure's directory. */
import { randomUUID } from 'node:crypto';

export interface TokenRefusal {
  readonly status: 400 | 401;
  readonly error: string;
  /** The number behind `AADSTS`. */
  readonly number: number;
  readonly text: string;
}

export const refusals = {
  missing: (parameter: string): TokenRefusal => ({
    ...{ status: 400, error: 'invalid_request', number: 900_144 },
    text: `The request body must contain the following parameter: '${parameter}'.`,
  }),
  unsupportedGrant: (grant: string): TokenRefusal => ({
    ...{ status: 400, error: 'unsupported_grant_type', number: 70_003 },
    text: `The app requested an unsupported grant type '${grant.slice(0, 80)}'. This service gives tokens to applications by 'client_credentials'.`,
  }),
  unknownTenant: (tenant: string): TokenRefusal => ({
    ...{ status: 400, error: 'invalid_request', number: 90_002 },
    text: `Tenant '${tenant.slice(0, 80)}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
  }),
  unknownApplication: (appId: string, tenantId: string): TokenRefusal => ({
    ...{ status: 400, error: 'unauthorized_client', number: 700_016 },
    text: `Application with identifier '${appId.slice(0, 80)}' was not found in the directory '${tenantId}'.`,
  }),
  wrongSecret: (appId: string): TokenRefusal => ({
    ...{ status: 401, error: 'invalid_client', number: 7_000_215 },
    text: `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${appId.slice(0, 80)}'.`,
  }),
  assertion: (): TokenRefusal => ({
    ...{ status: 401, error: 'invalid_client', number: 700_027 },
    text: 'Certificates and federated tokens are not accepted here; use a client secret.',
  }),
  unknownResource: (resource: string, tenantId: string): TokenRefusal => ({
    ...{ status: 400, error: 'invalid_resource', number: 500_011 },
    text: `The resource principal named ${resource.slice(0, 200)} was not found in the tenant named ${tenantId}.`,
  }),
  tooLarge: (): TokenRefusal => ({
    ...{ status: 400, error: 'invalid_request', number: 90_015 },
    text: 'The request body is too long.',
  }),
} as const;

/** The body of a refusal. */
export function refusalBody({ error, number, text }: TokenRefusal, correlationId: string, now: Date): object {
  const traceId = randomUUID();
  const timestamp = now.toISOString().replace('T', ' ').replace(/\.\d+/, '');
  return {
    error,
    error_description: `AADSTS${number}: ${text} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [number],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
  };
}
