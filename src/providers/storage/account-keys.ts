/** The two keys of a storage account: made with it, listed, made anew one at a time. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { ArmError } from '../../arm/arm-error.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { AccountKeys } from '../../store/blobs/blob-service.ts';
import type { ResourceRecord } from '../../store/records.ts';
import { readBody } from '../arm/request-body.ts';
import { concurrentChange } from '../arm/resource-errors.ts';
import type { ArmHandler } from '../resource-provider.ts';
import { findAccount } from './find-account.ts';
import type { StorageDeps } from './storage-deps.ts';

const KEY_BYTES = 64;

/** What the record keeps out of sight. */
export function newAccountSecret(now: Date): JsonObject {
  const at = now.toISOString();
  return { key1: newKey(), key2: newKey(), times: { key1: at, key2: at } };
}

/** @throws ArmError 500 when the record was damaged. */
export function accountKeys(record: ResourceRecord): AccountKeys {
  const { key1, key2 } = record.secret ?? {};
  if (typeof key1 === 'string' && typeof key2 === 'string') return { key1, key2 };
  throw new ArmError(500, 'InternalServerError', `The storage account '${record.name}' has lost its keys.`);
}

export function listKeys(deps: StorageDeps): ArmHandler {
  return async (request) => {
    const record = await findAccount(deps, request.target);
    requireKeys(deps);
    return { status: 200, body: keysWire(record) };
  };
}

const regenerate = z.object({ keyName: z.string() });

export function regenerateKey(deps: StorageDeps): ArmHandler {
  return async (request) => {
    const record = await findAccount(deps, request.target);
    requireKeys(deps);
    const keyName = readBody(request, regenerate).keyName.toLowerCase();
    if (keyName !== 'key1' && keyName !== 'key2') {
      throw new ArmError(400, 'InvalidKeyName', "The value of 'keyName' must be 'key1' or 'key2'.");
    }
    const { times, ...keys } = record.secret ?? {};
    const secret = {
      ...keys,
      [keyName]: newKey(),
      times: { ...(isJsonObject(times) ? times : {}), [keyName]: deps.now().toISOString() },
    };
    const { etag, ...draft } = record;
    const changed = await deps.store.resources.replace({ ...draft, secret }, etag);
    if (changed === undefined) throw concurrentChange(request.target);
    await deps.blobs.addAccount(record.name, accountKeys(changed));
    return { status: 200, body: keysWire(changed) };
  };
}

/** @throws ArmError 409 where accounts have no keys of their own. */
export function requireKeys({ blobs }: Pick<StorageDeps, 'blobs'>): void {
  if (blobs.takesAccountKeys) return;
  throw new ArmError(
    409,
    'KeyBasedAuthenticationNotPermitted',
    'All accounts of this service are containers of one shared storage account, whose key is not given away. Use listServiceSas to get access to a container.',
  );
}

function keysWire(record: ResourceRecord): object {
  const { key1, key2 } = accountKeys(record);
  const times = record.secret?.['times'];
  const timeOf = (name: 'key1' | 'key2') => (isJsonObject(times) ? { creationTime: times[name] } : {});
  return {
    keys: [
      { ...timeOf('key1'), keyName: 'key1', value: key1, permissions: 'FULL' },
      { ...timeOf('key2'), keyName: 'key2', value: key2, permissions: 'FULL' },
    ],
  };
}

function newKey(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}
