/** The directory that everything belongs to: made once, at the first start on a database. */
import { randomUUID } from 'node:crypto';
import type { SettingsRepository } from '../store/store.ts';

export interface Tenant {
  /** GUID. */
  readonly tenantId: string;
  readonly displayName: string;
  readonly defaultDomain: string;
}

const key = 'identity/tenant';

/** The tenant of this database, made when there is none. */
export async function openTenant(settings: SettingsRepository): Promise<Tenant> {
  const stored = await settings.insertIfAbsent(key, { tenantId: randomUUID() });
  const tenantId = stored['tenantId'];
  if (typeof tenantId !== 'string') throw new Error(`The setting ${key} is damaged`);
  return { tenantId, displayName: 'Goldsmith', defaultDomain: 'goldsmith.onmicrosoft.com' };
}
