/** The service principal with which the people of this machine begin: Owner of everything. */
import { hostname } from 'node:os';
import { assignRole } from '../identity/access/assign-role.ts';
import type { ServicePrincipals } from '../identity/principals/service-principals.ts';
import type { Store } from '../store/store.ts';
import {
  readCredentials,
  writeCredentials,
  type ServiceCredentials,
  type ServiceFiles,
} from './service-files.ts';

const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';

export interface FirstPrincipalDeps {
  readonly store: Store;
  readonly principals: ServicePrincipals;
  readonly tenantId: string;
  readonly files: ServiceFiles;
  readonly now: () => Date;
}

/**
 * The credentials of the data folder, made when it has none or when they belong to another database. Who starts a
 * service on a database holds everything in it anyway.
 */
export async function ensureFirstPrincipal(deps: FirstPrincipalDeps): Promise<ServiceCredentials> {
  const { store, principals, tenantId, files, now } = deps;
  const kept = readCredentials(files);
  const known = kept === undefined ? undefined : await principals.get(kept.clientId);
  const credentials =
    kept !== undefined && known !== undefined && kept.tenantId === tenantId ? kept : await create(deps);
  await assignRole(store.resources, {
    scope: '/',
    role: owner,
    principalId: credentials.objectId,
    principalType: 'ServicePrincipal',
    by: { objectId: credentials.objectId, name: credentials.clientId, type: 'Application' },
    now: now(),
  });
  return credentials;
}

async function create({ principals, tenantId, files }: FirstPrincipalDeps): Promise<ServiceCredentials> {
  const made = await principals.create(`goldsmith-${hostname()}`);
  const { appId: clientId, objectId, secret: clientSecret } = made;
  const credentials = { tenantId, clientId, objectId, clientSecret };
  writeCredentials(files, credentials);
  return credentials;
}
