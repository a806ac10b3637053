/**
 * RSA keys that sign tokens (RS256). One per period, kept in the settings, so that every server on one database
 * signs and checks with the same; the older ones stay published while tokens of theirs may live.
 */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import type { webcrypto } from 'node:crypto';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { SettingsRepository } from '../../store/store.ts';

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: webcrypto.CryptoKey;
}

export interface SigningKeys {
  /** The key of the current period. */
  current(): Promise<SigningKey>;
  /** The public key called `kid`; undefined when nobody here ever signed with it. */
  find(kid: string): Promise<webcrypto.CryptoKey | undefined>;
  /** Public keys as a JWK set (RFC 7517), newest first. */
  published(): Promise<readonly JWK[]>;
}

interface LoadedKey extends SigningKey {
  readonly period: number;
  readonly publicKey: webcrypto.CryptoKey;
  readonly publicJwk: JWK;
}

const prefix = 'identity/signing-key/';
const dayMs = 24 * 60 * 60 * 1000;
const periodMs = 90 * dayMs;
/** An unknown key id makes us look into the database, but forged tokens must not make us do so all the time. */
const reloadEveryMs = 5_000;

export function openSigningKeys(options: {
  readonly settings: SettingsRepository;
  readonly now: () => Date;
}): SigningKeys {
  const { settings, now } = options;
  let loaded: Promise<readonly LoadedKey[]> | undefined;
  let loadedAtMs = 0;
  const load = async (): Promise<readonly LoadedKey[]> => {
    const rows = await settings.list(prefix);
    const keys = await Promise.all(rows.map(async ({ value }) => readKey(value)));
    return keys.toSorted((a, b) => b.period - a.period);
  };
  const reload = async (): Promise<readonly LoadedKey[]> => {
    const loading = load();
    loadedAtMs = now().getTime();
    loaded = loading;
    loading.catch(() => {
      if (loaded === loading) loaded = undefined;
    });
    return loading;
  };
  const keys = async (): Promise<readonly LoadedKey[]> => loaded ?? reload();
  const newest = async (): Promise<LoadedKey> => {
    const period = Math.floor(now().getTime() / periodMs);
    const known = (await keys()).find((key) => key.period === period);
    if (known !== undefined) return known;
    await settings.insertIfAbsent(`${prefix}${String(period).padStart(8, '0')}`, await makeKey(period));
    const stored = (await reload()).find((key) => key.period === period);
    if (stored === undefined) throw new Error('A signing key that was stored cannot be found');
    return stored;
  };
  return {
    current: newest,
    find: async (kid) => {
      const byId = (list: readonly LoadedKey[]): webcrypto.CryptoKey | undefined =>
        list.find((key) => key.kid === kid)?.publicKey;
      const found = byId(await keys());
      if (found !== undefined || now().getTime() - loadedAtMs < reloadEveryMs) return found;
      return byId(await reload());
    },
    published: async () => {
      const { period } = await newest();
      return (await keys()).filter((key) => key.period >= period - 1).map(({ publicJwk }) => publicJwk);
    },
  };
}

async function makeKey(period: number): Promise<JsonObject> {
  const { privateKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
  const jwk = await exportJWK(privateKey);
  const entries = Object.entries(jwk).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return { period, kid: await calculateJwkThumbprint(jwk), jwk: Object.fromEntries(entries) };
}

async function readKey(value: JsonObject): Promise<LoadedKey> {
  const { period, kid, jwk } = value;
  if (typeof period !== 'number' || typeof kid !== 'string' || !isJsonObject(jwk)) {
    throw new Error('A stored signing key is damaged');
  }
  const { n, e } = jwk;
  if (typeof n !== 'string' || typeof e !== 'string') throw new Error('A stored signing key is damaged');
  const publicJwk: JWK = { kty: 'RSA', use: 'sig', alg: 'RS256', kid, n, e };
  const [privateKey, publicKey] = await Promise.all([
    importJWK({ ...stringsOf(jwk), kty: 'RSA' }, 'RS256'),
    importJWK(publicJwk, 'RS256'),
  ]);
  if (!(privateKey instanceof CryptoKey) || !(publicKey instanceof CryptoKey)) {
    throw new Error('A stored signing key is no RSA key');
  }
  return { period, kid, privateKey, publicKey, publicJwk };
}

function stringsOf(jwk: JsonObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(jwk).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
