/**
 * `blobServices` and `containers` of an account. Nothing is stored: containers are whatever the blob service has,
 * so that the two planes never disagree.
 */
import { z } from 'zod';
import type { ContainerGetPropertiesResponse } from '@azure/storage-blob';
import { ArmError } from '../../arm/arm-error.ts';
import { optional } from '../../arm/wire/scalars.ts';
import type { ResourceRecord } from '../../store/records.ts';
import { isContainerName } from '../../store/blobs/names.ts';
import { readBody } from '../arm/request-body.ts';
import type { ArmHandler, ArmRequest, ResourceTypeDefinition } from '../resource-provider.ts';
import { ACCOUNT_TYPE, storageVersions, type StorageDeps } from './storage-deps.ts';
import { findAccount } from './find-account.ts';

export function blobServices(deps: StorageDeps): ResourceTypeDefinition {
  const get: ArmHandler = async (request) => {
    const account = await findAccount(deps, request.target);
    return { status: 200, body: serviceWire(account) };
  };
  return {
    type: 'storageAccounts/blobServices',
    apiVersions: storageVersions,
    location: 'regional',
    get,
    list: async (request) => {
      const account = await findAccount(deps, request.target);
      return { status: 200, body: { value: [serviceWire(account)] } };
    },
  };
}

const metadata = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().max(4096));
const containerBody = z.object({
  properties: optional(
    z.object({
      publicAccess: optional(z.enum(['None', 'Blob', 'Container'])),
      metadata: optional(metadata),
    }),
  ),
});

export function blobContainers(deps: StorageDeps): ResourceTypeDefinition {
  const { blobs } = deps;
  const nameOf = ({ target }: ArmRequest): string => {
    const name = target.names[2] ?? '';
    if (isContainerName(name)) return name;
    throw new ArmError(400, 'ContainerNameInvalid', `The container name '${name.slice(0, 90)}' is invalid.`);
  };
  const show = async (account: ResourceRecord, name: string, { signal }: ArmRequest): Promise<object> => {
    const found = await blobs
      .container(account.name, name)
      .getProperties({ abortSignal: signal })
      .catch((error: unknown) => {
        if (statusOf(error) === 404) throw containerNotFound();
        throw error;
      });
    return containerWire(account, name, found);
  };
  const put: ArmHandler = async (request) => {
    const account = await findAccount(deps, request.target);
    const name = nameOf(request);
    const { properties } = readBody({ body: request.body ?? {} }, containerBody);
    const client = blobs.container(account.name, name);
    const { succeeded } = await client.createIfNotExists({ abortSignal: request.signal });
    await describe(client, properties, request.signal);
    await blobs.flush();
    return { status: succeeded ? 201 : 200, body: await show(account, name, request) };
  };
  return {
    type: 'storageAccounts/blobServices/containers',
    apiVersions: storageVersions,
    location: 'regional',
    get: async (request) => {
      const account = await findAccount(deps, request.target);
      return { status: 200, body: await show(account, nameOf(request), request) };
    },
    put,
    patch: async (request) => {
      const account = await findAccount(deps, request.target);
      const name = nameOf(request);
      const { properties } = readBody(request, containerBody);
      await show(account, name, request);
      await describe(blobs.container(account.name, name), properties, request.signal);
      return { status: 200, body: await show(account, name, request) };
    },
    delete: async (request) => {
      const account = await findAccount(deps, request.target);
      const client = blobs.container(account.name, nameOf(request));
      const { succeeded } = await client.deleteIfExists({ abortSignal: request.signal });
      await blobs.flush();
      return { status: succeeded ? 200 : 204 };
    },
    list: async (request) => {
      const account = await findAccount(deps, request.target);
      const names = await blobs.containers(account.name, request.signal);
      const value = await Promise.all(names.map(async (name) => show(account, name, request)));
      return { status: 200, body: { value } };
    },
  };
}

async function describe(
  client: ReturnType<StorageDeps['blobs']['container']>,
  properties: z.output<typeof containerBody>['properties'],
  abortSignal: AbortSignal,
): Promise<void> {
  if (properties?.metadata !== undefined) await client.setMetadata(properties.metadata, { abortSignal });
  const access = properties?.publicAccess;
  if (access === undefined) return;
  const wanted = ({ None: undefined, Blob: 'blob', Container: 'container' } as const)[access];
  await client.setAccessPolicy(wanted, undefined, { abortSignal });
}

function serviceWire(account: ResourceRecord): object {
  return {
    sku: account.body['sku'],
    id: `${account.id}/blobServices/default`,
    name: 'default',
    type: `${ACCOUNT_TYPE}/blobServices`,
    properties: { cors: { corsRules: [] }, deleteRetentionPolicy: { enabled: false } },
  };
}

function containerWire(account: ResourceRecord, name: string, found: ContainerGetPropertiesResponse): object {
  const capital = (word: string | undefined): string | undefined =>
    word === undefined ? undefined : `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
  return {
    id: `${account.id}/blobServices/default/containers/${name}`,
    name,
    type: `${ACCOUNT_TYPE}/blobServices/containers`,
    etag: found.etag,
    properties: {
      publicAccess: capital(found.blobPublicAccess) ?? 'None',
      leaseStatus: capital(found.leaseStatus) ?? 'Unlocked',
      leaseState: capital(found.leaseState) ?? 'Available',
      lastModifiedTime: found.lastModified?.toISOString(),
      metadata: found.metadata ?? {},
      hasImmutabilityPolicy: false,
      hasLegalHold: false,
      deleted: false,
      remainingRetentionDays: 0,
      defaultEncryptionScope: '$account-encryption-key',
      denyEncryptionScopeOverride: false,
    },
  };
}

function containerNotFound(): ArmError {
  return new ArmError(404, 'ContainerNotFound', 'The specified container does not exist.');
}

function statusOf(error: unknown): unknown {
  return error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
}
