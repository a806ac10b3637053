/**
 * Management locks: who asks the store whether a write is locked away. `CanNotDelete` stops deletes, `ReadOnly` every
 * write and every POST; both hold for all that is below them, and a delete also meets the locks below itself.
 */
import { ArmError } from '../../arm/arm-error.ts';
import { coversScope, scopeKey } from '../../identity/access/scope.ts';
import { isJsonObject } from '../../model/json.ts';
import { listAll } from '../../store/list-all.ts';
import type { ResourceRecord } from '../../store/records.ts';
import type { Repositories } from '../../store/store.ts';
import type { ArmMethod } from '../resource-provider.ts';

export const lockType = 'Microsoft.Authorization/locks';

export interface Lock {
  /** What is locked, as it was first written. */
  readonly scope: string;
  readonly name: string;
  readonly level: 'CanNotDelete' | 'ReadOnly';
}

const lockPart = '/providers/microsoft.authorization/locks';

/** What a stored lock says; undefined when the record is none. */
export function readLock({ id, name, body }: Pick<ResourceRecord, 'id' | 'name' | 'body'>): Lock | undefined {
  const at = id.toLowerCase().lastIndexOf(`${lockPart}/`);
  const level = isJsonObject(body['properties']) ? body['properties']['level'] : undefined;
  if (at < 0 || (level !== 'CanNotDelete' && level !== 'ReadOnly')) return undefined;
  return { scope: id.slice(0, at) || '/', name, level };
}

/**
 * The lock that forbids `method` on `id`, the nearest to the root first; undefined when nothing does.
 * Locks themselves can always be made and deleted.
 */
export async function lockAgainst(
  store: Pick<Repositories, 'resources'>,
  id: string,
  method: ArmMethod,
): Promise<Lock | undefined> {
  if (method === 'GET' || method === 'HEAD' || scopeKey(id).includes(lockPart)) return undefined;
  const subscriptionId = /^\/subscriptions\/([^/]+)/i.exec(id)?.[1];
  const filter = subscriptionId === undefined ? {} : { subscriptionId };
  for await (const record of listAll(store.resources, { type: lockType, ...filter })) {
    const lock = readLock(record);
    if (lock !== undefined && forbids(lock, id, method)) return lock;
  }
  return undefined;
}

/** 409 `ScopeLocked` in Azure's words. */
export function scopeLocked(id: string, method: ArmMethod, lock: Lock): ArmError {
  const operation = method === 'DELETE' ? 'delete' : 'write';
  return new ArmError(
    409,
    'ScopeLocked',
    `The scope '${id}' cannot perform ${operation} operation because following scope(s) are locked: '${lock.scope}'. Please remove the lock and try again.`,
  );
}

function forbids(lock: Lock, id: string, method: ArmMethod): boolean {
  if (method === 'DELETE') return coversScope(lock.scope, id) || coversScope(id, lock.scope);
  return lock.level === 'ReadOnly' && coversScope(lock.scope, id);
}
