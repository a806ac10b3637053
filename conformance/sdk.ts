/** Azure's JavaScript SDKs, pointed at a service: what a program of a user would write. */
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { ComputeManagementClient } from '@azure/arm-compute';
import { FeatureClient } from '@azure/arm-features';
import { ManagementLockClient } from '@azure/arm-locks';
import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { NetworkManagementClient } from '@azure/arm-network';
import { ResourceManagementClient } from '@azure/arm-resources';
import { StorageManagementClient } from '@azure/arm-storage';
import { ClientSecretCredential } from '@azure/identity';
import { ImageBuilderClient as ImageBuilderClient4 } from 'arm-imagebuilder-4';
import { ImageBuilderClient as ImageBuilderClient5 } from 'arm-imagebuilder-5';
import type { ServiceUnderTest } from './service.ts';

/** What NODE_EXTRA_CA_CERTS does for a program of a user. */
function trust(ca: string): void {
  setDefaultCACertificates([...getCACertificates('default'), ca]);
}

/** The credential and options that every client takes. */
export function connection(service: ServiceUnderTest): {
  readonly credential: ClientSecretCredential;
  readonly options: ClientOptions;
} {
  trust(service.ca);
  const credential = new ClientSecretCredential(service.tenantId, service.clientId, service.clientSecret, {
    authorityHost: service.endpoint,
    disableInstanceDiscovery: true,
  });
  const options = {
    endpoint: service.endpoint,
    credentialScopes: [`${service.endpoint}/.default`],
    credentials: { scopes: [`${service.endpoint}/.default`] },
    retryOptions: { maxRetries: 0 },
  };
  return { credential, options };
}

export interface ClientOptions {
  readonly endpoint: string;
  readonly credentialScopes: string[];
  readonly credentials: { readonly scopes: string[] };
  readonly retryOptions: { readonly maxRetries: number };
}

/** How often the pollers of the SDKs ask; their default is two seconds. */
export const polling = { updateIntervalInMs: 200 };

export function clients(service: ServiceUnderTest) {
  const { credential, options } = connection(service);
  const { subscriptionId } = service;
  return {
    resources: new ResourceManagementClient(credential, subscriptionId, options),
    compute: new ComputeManagementClient(credential, subscriptionId, options),
    identities: new ManagedServiceIdentityClient(credential, subscriptionId, options),
    authorization: new AuthorizationManagementClient(credential, subscriptionId, options),
    storage: new StorageManagementClient(credential, subscriptionId, options),
    networks: new NetworkManagementClient(credential, subscriptionId, options),
    locks: new ManagementLockClient(credential, subscriptionId, options),
    features: new FeatureClient(credential, subscriptionId, options),
  };
}

/** Version 4 of the package speaks 2023-07-01 unless told otherwise. */
export function imageBuilder4(service: ServiceUnderTest, apiVersion: string): ImageBuilderClient4 {
  const { credential, options } = connection(service);
  return new ImageBuilderClient4(credential, service.subscriptionId, { ...options, apiVersion });
}

/** Version 5 of the package speaks 2025-10-01 unless told otherwise. */
export function imageBuilder5(service: ServiceUnderTest, apiVersion: string): ImageBuilderClient5 {
  const { credential, options } = connection(service);
  return new ImageBuilderClient5(credential, service.subscriptionId, { ...options, apiVersion });
}
