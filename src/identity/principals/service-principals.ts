/** Applications that log in with a secret. Secrets are kept as scrypt hashes only (RFC 7914). */
import { randomBytes, randomUUID, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import type { JsonObject } from '../../model/json.ts';
import type { SettingsRepository } from '../../store/store.ts';
import type { Principal } from '../principal.ts';

export interface ServicePrincipal {
  /** GUID: what logs in. */
  readonly appId: string;
  /** GUID: what role assignments name. */
  readonly objectId: string;
  readonly displayName: string;
  readonly createdAt: string;
}

export interface ServicePrincipals {
  /** Makes an application; the secret is told this once and never again. */
  create(displayName: string): Promise<ServicePrincipal & { readonly secret: string }>;
  get(appId: string): Promise<ServicePrincipal | undefined>;
  list(): Promise<readonly ServicePrincipal[]>;
  /** Who logs in with this secret; undefined when the application is unknown or the secret is not its own. */
  authenticate(appId: string, secret: string): Promise<Principal | undefined>;
  remove(appId: string): Promise<void>;
}

export interface ServicePrincipalOptions {
  readonly settings: SettingsRepository;
  readonly tenantId: string;
  readonly now: () => Date;
}

const prefix = 'identity/application/';
const secretBytes = 32;
const maxSecretLength = 512;
const hashBytes = 32;
/** 16 MiB and some 50 ms a check: a secret of 256 random bits needs no more. */
const cost: ScryptOptions = { N: 16_384, r: 8, p: 1 };

export function createServicePrincipals(options: ServicePrincipalOptions): ServicePrincipals {
  const { settings, tenantId, now } = options;
  const read = async (appId: string): Promise<JsonObject | undefined> =>
    isGuid(appId) ? settings.get(keyOf(appId)) : undefined;
  return {
    create: async (displayName) => {
      const secret = randomBytes(secretBytes).toString('base64url');
      const salt = randomBytes(16);
      const principal: ServicePrincipal = {
        appId: randomUUID(),
        objectId: randomUUID(),
        displayName,
        createdAt: now().toISOString(),
      };
      const hash = (await hashOf(secret, salt)).toString('base64');
      await settings.put(keyOf(principal.appId), { ...principal, salt: salt.toString('base64'), hash });
      return { ...principal, secret };
    },
    get: async (appId) => {
      const stored = await read(appId);
      return stored === undefined ? undefined : principalOf(stored);
    },
    list: async () => (await settings.list(prefix)).map(({ value }) => principalOf(value)),
    authenticate: async (appId, secret) => {
      const stored = await read(appId);
      if (stored === undefined || secret.length > maxSecretLength) return undefined;
      const expected = Buffer.from(text(stored, 'hash'), 'base64');
      const given = await hashOf(secret, Buffer.from(text(stored, 'salt'), 'base64'));
      if (expected.length !== given.length || !timingSafeEqual(expected, given)) return undefined;
      const { objectId, appId: name } = principalOf(stored);
      return { objectId, tenantId, name, type: 'Application' };
    },
    remove: async (appId) => {
      if (isGuid(appId)) await settings.remove(keyOf(appId));
    },
  };
}

function keyOf(appId: string): string {
  return `${prefix}${appId.toLowerCase()}`;
}

function isGuid(value: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}

function principalOf(stored: JsonObject): ServicePrincipal {
  return {
    appId: text(stored, 'appId'),
    objectId: text(stored, 'objectId'),
    displayName: text(stored, 'displayName'),
    createdAt: text(stored, 'createdAt'),
  };
}

function text(stored: JsonObject, field: string): string {
  const value = stored[field];
  return typeof value === 'string' ? value : '';
}

async function hashOf(secret: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, hashBytes, cost, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
