/** What a storage account is on the wire: what a request may hold, what an answer shows. */
import { z } from 'zod';
import { optional, readOnly } from '../../arm/wire/scalars.ts';
import { tags } from '../../arm/wire/template/resource.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { ResourceRecord } from '../../store/records.ts';
import { wireOf } from '../arm/wire-of.ts';
import type { StorageDeps } from './storage-deps.ts';

const skuNames = [
  ...['Standard_LRS', 'Standard_GRS', 'Standard_RAGRS', 'Standard_ZRS', 'Standard_GZRS', 'Standard_RAGZRS'],
  ...['Premium_LRS', 'Premium_ZRS', 'StandardV2_LRS', 'StandardV2_GRS', 'StandardV2_ZRS', 'StandardV2_GZRS'],
  ...['PremiumV2_LRS', 'PremiumV2_ZRS'],
] as const;
export const accountKinds = [
  'Storage',
  'StorageV2',
  'BlobStorage',
  'FileStorage',
  'BlockBlobStorage',
] as const;

const anyObject = z.looseObject({});

const settings = {
  accessTier: optional(z.enum(['Hot', 'Cool', 'Premium', 'Cold'])),
  allowBlobPublicAccess: optional(z.boolean()),
  allowCrossTenantReplication: optional(z.boolean()),
  allowSharedKeyAccess: optional(z.boolean()),
  defaultToOAuthAuthentication: optional(z.boolean()),
  dnsEndpointType: optional(z.enum(['Standard', 'AzureDnsZone'])),
  encryption: optional(anyObject),
  isHnsEnabled: optional(z.boolean()),
  isNfsV3Enabled: optional(z.boolean()),
  isSftpEnabled: optional(z.boolean()),
  keyPolicy: optional(anyObject),
  largeFileSharesState: optional(z.enum(['Disabled', 'Enabled'])),
  minimumTlsVersion: optional(z.enum(['TLS1_0', 'TLS1_1', 'TLS1_2', 'TLS1_3'])),
  networkAcls: optional(anyObject),
  publicNetworkAccess: optional(z.enum(['Enabled', 'Disabled', 'SecuredByPerimeter'])),
  routingPreference: optional(anyObject),
  supportsHttpsTrafficOnly: optional(z.boolean()),
};

const sku = z.object({ name: z.enum(skuNames), tier: readOnly });
const outer = {
  tags: optional(tags),
  identity: optional(anyObject),
  properties: optional(z.object(settings)),
};

export const accountCreate = z.object({
  ...outer,
  sku,
  kind: z.enum(accountKinds),
  location: z.string().max(100),
  extendedLocation: optional(anyObject),
});

export const accountUpdate = z.object({
  ...outer,
  sku: optional(sku),
  kind: optional(z.enum(accountKinds)),
});

/** The `sku` as answers show it. */
export function skuOf(name: string): JsonObject {
  return { name, tier: name.startsWith('Premium') ? 'Premium' : 'Standard' };
}

/** An account with the values that Azure fills in. */
export function accountWire(record: ResourceRecord, { blobs }: Pick<StorageDeps, 'blobs'>): object {
  const given = record.body['properties'];
  const properties = isJsonObject(given) ? given : {};
  const enabled = { keyType: 'Account', enabled: true, lastEnabledTime: record.createdAt };
  const { properties: _, ...wire } = wireOf(record, { systemData: false, emptyTags: true });
  return {
    ...wire,
    properties: {
      accessTier: 'Hot',
      allowBlobPublicAccess: false,
      minimumTlsVersion: 'TLS1_2',
      networkAcls: { bypass: 'AzureServices', virtualNetworkRules: [], ipRules: [], defaultAction: 'Allow' },
      supportsHttpsTrafficOnly: true,
      encryption: { services: { blob: enabled }, keySource: 'Microsoft.Storage' },
      ...properties,
      keyCreationTime: keyTimes(record),
      privateEndpointConnections: [],
      provisioningState: 'Succeeded',
      creationTime: record.createdAt,
      primaryEndpoints: { blob: `${blobs.accountEndpoint(record.name)}/` },
      primaryLocation: record.location,
      statusOfPrimary: 'available',
    },
  };
}

function keyTimes(record: ResourceRecord): JsonObject {
  const times = record.secret?.['times'];
  return isJsonObject(times) ? times : {};
}
