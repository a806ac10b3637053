/** What Azure Resource Manager answers before a request reaches its resource provider, in its words. */
import { ArmError } from '../../arm/arm-error.ts';
import type { TokenProblem } from '../../identity/tokens/token-service.ts';
import type { Principal } from '../../identity/principal.ts';

/** 401; the header tells clients where tokens come from (RFC 6750, section 3). */
export function authenticationFailed(authority: string, problem?: TokenProblem): ArmError {
  const code = problem?.code ?? 'AuthenticationFailed';
  const message = problem?.message ?? "Authentication failed. The 'Authorization' header is missing.";
  const described =
    problem === undefined ? "The authentication failed because of missing 'Authorization' header." : message;
  return new ArmError(401, code, message, {
    headers: {
      'WWW-Authenticate': `Bearer authorization_uri="${authority}", error="invalid_token", error_description="${described.replaceAll('"', "'")}"`,
    },
  });
}

export function authorizationFailed(principal: Principal, action: string, scope: string): ArmError {
  return new ArmError(
    403,
    'AuthorizationFailed',
    `The client '${principal.name}' with object id '${principal.objectId}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
}

export function missingApiVersion(): ArmError {
  return new ArmError(
    400,
    'MissingApiVersionParameter',
    'The api-version query parameter (?api-version=) is required for all requests.',
  );
}

export function invalidApiVersion(version: string, supported: readonly string[]): ArmError {
  return new ArmError(
    400,
    'InvalidApiVersionParameter',
    `The api-version '${version.slice(0, 40)}' is invalid. The supported versions are '${supported.join(',')}'.`,
  );
}

export function noRegisteredProvider(
  type: string,
  version: string,
  supported: readonly string[],
  locations: readonly string[],
): ArmError {
  const where = locations.length === 0 ? '' : ` The supported locations are '${locations.join(', ')}'.`;
  return new ArmError(
    400,
    'NoRegisteredProviderFound',
    `No registered resource provider found for location '' and API version '${version.slice(0, 40)}' for type '${type}'. The supported api-versions are '${supported.join(', ')}'.${where}`,
  );
}

export function invalidNamespace(namespace: string): ArmError {
  return new ArmError(404, 'InvalidResourceNamespace', `The resource namespace '${namespace}' is invalid.`);
}

export function invalidType(type: string, namespace: string, version: string | undefined): ArmError {
  const named = version === undefined ? '' : ` for api version '${version.slice(0, 40)}'`;
  return new ArmError(
    404,
    'InvalidResourceType',
    `The resource type '${type}' could not be found in the namespace '${namespace}'${named}.`,
  );
}

export function notFound(pathname: string): ArmError {
  return new ArmError(404, 'NotFound', `No resource or operation is found at '${pathname.slice(0, 256)}'.`);
}

export function methodNotAllowed(method: string, allowed: readonly string[]): ArmError {
  return new ArmError(
    405,
    'MethodNotAllowed',
    `The requested resource does not support http method '${method}'.`,
    { headers: { Allow: allowed.join(', ') } },
  );
}

export function subscriptionNotFound(subscriptionId: string): ArmError {
  const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(subscriptionId);
  return guid
    ? new ArmError(404, 'SubscriptionNotFound', `The subscription '${subscriptionId}' could not be found.`)
    : new ArmError(
        404,
        'InvalidSubscriptionId',
        `The provided subscription identifier '${subscriptionId}' is malformed or invalid.`,
      );
}

export function resourceGroupNotFound(name: string): ArmError {
  return new ArmError(404, 'ResourceGroupNotFound', `Resource group '${name}' could not be found.`);
}

export function missingRegistration(namespace: string): ArmError {
  const message = `The subscription is not registered to use namespace '${namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions.`;
  return new ArmError(409, 'MissingSubscriptionRegistration', message, {
    details: [{ code: 'MissingSubscriptionRegistration', target: namespace, message }],
  });
}
