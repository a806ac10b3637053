/** What a service leaves in its data folder for its own next start and for the clients of this machine. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readJsonIfExists, writeFileAtomic } from '../host/atomic-file.ts';

export interface ServiceFiles {
  readonly folder: string;
  readonly database: string;
  readonly blobs: string;
  readonly tls: string;
  readonly credentials: string;
  readonly endpoint: string;
  /** For `az`: its configuration folder, the cloud's description and the secret, so that no command line shows it. */
  readonly azureCli: string;
}

const credentialsSchema = z.object({
  tenantId: z.string(),
  clientId: z.string(),
  objectId: z.string(),
  clientSecret: z.string(),
});

/** A service principal that owns everything, for the people of this machine. */
export type ServiceCredentials = z.output<typeof credentialsSchema>;

const endpointSchema = z.object({
  url: z.string(),
  tenantId: z.string(),
  subscriptionId: z.string(),
  subscriptionName: z.string(),
  /** The region that clients take when they name none; only when the service was told one. */
  location: z.exactOptional(z.string()),
  storageSuffix: z.string(),
});

/** Where the service was last reached. */
export type ServiceEndpoint = z.output<typeof endpointSchema>;

/** The folder is made, mode 0700: it holds keys and secrets. */
export function openServiceFiles(folder: string): ServiceFiles {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    folder,
    database: join(folder, 'database'),
    blobs: join(folder, 'blobs'),
    tls: join(folder, 'tls'),
    credentials: join(folder, 'credentials.json'),
    endpoint: join(folder, 'endpoint.json'),
    azureCli: join(folder, 'azure-cli'),
  };
}

export function readCredentials(files: ServiceFiles): ServiceCredentials | undefined {
  return credentialsSchema.safeParse(readJsonIfExists(files.credentials)).data;
}

export function writeCredentials(files: ServiceFiles, credentials: ServiceCredentials): void {
  writeFileAtomic(files.credentials, `${JSON.stringify(credentials, null, 2)}\n`, 0o600);
}

export function readEndpoint(files: ServiceFiles): ServiceEndpoint | undefined {
  return endpointSchema.safeParse(readJsonIfExists(files.endpoint)).data;
}

export function writeEndpoint(files: ServiceFiles, endpoint: ServiceEndpoint): void {
  writeFileAtomic(files.endpoint, `${JSON.stringify(endpoint, null, 2)}\n`);
}
