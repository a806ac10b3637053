/** SAS that the service signs for people: `ListAccountSas` and `ListServiceSas`. */
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  BlobSASPermissions,
  ContainerSASPermissions,
  generateAccountSASQueryParameters,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { z } from 'zod';
import { ArmError } from '../../arm/arm-error.ts';
import { optional } from '../../arm/wire/scalars.ts';
import type { ResourceRecord } from '../../store/records.ts';
import { readBody } from '../arm/request-body.ts';
import type { ArmHandler } from '../resource-provider.ts';
import { accountKeys, requireKeys } from './account-keys.ts';
import { findAccount } from './find-account.ts';
import type { StorageDeps } from './storage-deps.ts';

const time = z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'a date and time is wanted');
const shared = {
  signedPermission: z.string().max(32),
  signedStart: optional(time),
  signedExpiry: time,
  signedProtocol: optional(z.enum(['https', 'https,http'])),
  keyToSign: optional(z.enum(['key1', 'key2'])),
};

const accountSas = z.object({
  ...shared,
  signedServices: z.string().regex(/^[bqtf]{1,4}$/),
  signedResourceTypes: z.string().regex(/^[sco]{1,3}$/),
});

export function listAccountSas(deps: StorageDeps): ArmHandler {
  return async (request) => {
    const record = await findAccount(deps, request.target);
    requireKeys(deps);
    const body = readBody(request, accountSas);
    const accountSasToken = signed(() =>
      generateAccountSASQueryParameters(
        {
          services: AccountSASServices.parse(body.signedServices).toString(),
          resourceTypes: AccountSASResourceTypes.parse(body.signedResourceTypes).toString(),
          permissions: AccountSASPermissions.parse(body.signedPermission),
          ...validity(body),
        },
        credentialOf(record, body.keyToSign),
      ).toString(),
    );
    return { status: 200, body: { accountSasToken } };
  };
}

const serviceSas = z.object({
  ...shared,
  signedExpiry: optional(time),
  canonicalizedResource: z.string().max(2048),
  signedResource: optional(z.enum(['b', 'c'])),
  signedIdentifier: optional(z.string().max(64)),
});

export function listServiceSas(deps: StorageDeps): ArmHandler {
  return async (request) => {
    const record = await findAccount(deps, request.target);
    const body = readBody(request, serviceSas);
    const { containerName, blobName } = canonicalResource(body.canonicalizedResource, record.name);
    if (body.signedExpiry === undefined) throw invalidSas("'signedExpiry' is missing");
    const validFor = validity({ ...body, signedExpiry: body.signedExpiry });
    if (!deps.blobs.takesAccountKeys) {
      if (blobName !== undefined)
        throw invalidSas("only a container can be the 'canonicalizedResource' here");
      const { expiresOn, startsOn } = validFor;
      const permissions = body.signedPermission;
      const serviceSasToken = await deps.blobs.containerSas(record.name, containerName, {
        ...{ permissions, expiresOn },
        ...(startsOn === undefined ? {} : { startsOn }),
      });
      return { status: 200, body: { serviceSasToken } };
    }
    const serviceSasToken = signed(() =>
      generateBlobSASQueryParameters(
        blobName === undefined
          ? {
              containerName,
              permissions: ContainerSASPermissions.parse(body.signedPermission),
              ...validFor,
            }
          : {
              containerName,
              blobName,
              permissions: BlobSASPermissions.parse(body.signedPermission),
              ...validFor,
            },
        credentialOf(record, body.keyToSign),
      ).toString(),
    );
    return { status: 200, body: { serviceSasToken } };
  };
}

/** `/blob/<account>/<container>[/<blob>]`. */
function canonicalResource(
  text: string,
  account: string,
): { readonly containerName: string; readonly blobName: string | undefined } {
  const [, owner, containerName, blobName] = /^\/blob\/([^/]+)\/([^/]+)(?:\/(.+))?$/.exec(text) ?? [];
  if (owner !== account || containerName === undefined) {
    throw invalidSas(`'canonicalizedResource' must be /blob/${account}/<container> or a blob below it`);
  }
  return { containerName, blobName };
}

function validity(body: {
  readonly signedStart?: string;
  readonly signedExpiry: string;
  readonly signedProtocol?: 'https' | 'https,http';
}): { readonly startsOn?: Date; readonly expiresOn: Date; readonly protocol: SASProtocol } {
  return {
    ...(body.signedStart === undefined ? {} : { startsOn: new Date(body.signedStart) }),
    expiresOn: new Date(body.signedExpiry),
    protocol: body.signedProtocol === 'https,http' ? SASProtocol.HttpsAndHttp : SASProtocol.Https,
  };
}

function credentialOf(record: ResourceRecord, key: 'key1' | 'key2' = 'key1'): StorageSharedKeyCredential {
  return new StorageSharedKeyCredential(record.name, accountKeys(record)[key]);
}

/** The library throws for letters that are no permission. */
function signed(sign: () => string): string {
  try {
    return sign();
  } catch (error) {
    throw invalidSas(error instanceof Error ? error.message : 'it cannot be signed');
  }
}

function invalidSas(reason: string): ArmError {
  return new ArmError(
    400,
    'InvalidValuesForRequestParameters',
    `The SAS cannot be made: ${reason.slice(0, 200)}.`,
  );
}
