import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt, SignJWT, UnsecuredJWT } from 'jose';
import { openSigningKeys } from '../keys/signing-keys.ts';
import type { Principal } from '../principal.ts';
import { memorySettings } from '../testing/memory-settings.ts';
import { readAudience, resourceOfScope } from './audience.ts';
import { createTokenService, type TokenService } from './token-service.ts';

const tenantId = '22222222-2222-2222-2222-222222222222';
const principal: Principal = {
  objectId: '11111111-1111-1111-1111-111111111111',
  tenantId,
  name: '33333333-3333-3333-3333-333333333333',
  type: 'Application',
};
const isOwnHost = (host: string): boolean => host === 'localhost';
const resource = 'https://management.azure.com/';
const issuer = `https://localhost:8443/${tenantId}/`;

test('a token that was issued counts until it ends, for its own audience only', async () => {
  const world = openWorld();
  for (const version of ['1.0', '2.0'] as const) {
    const { token, expiresInSeconds } = await world.tokens.issue({ principal, resource, issuer, version });
    assert.deepEqual(await world.tokens.check(token, ['arm']), { ok: true, principal });
    assert.equal(await problem(world.tokens, token, 'graph'), 'InvalidAuthenticationTokenAudience');
    assert.equal(decodeJwt(token)['tid'], tenantId);
    world.pass(expiresInSeconds + 301);
    assert.equal(await problem(world.tokens, token), 'ExpiredAuthenticationToken');
    world.pass(-expiresInSeconds - 301);
  }
});

test('forged tokens are refused', async () => {
  const world = openWorld();
  const { token } = await world.tokens.issue({ principal, resource, issuer, version: '1.0' });
  const [header = '', payload = '', signature = ''] = token.split('.');
  const claims = JSON.stringify({ ...decodeJwt(token), oid: 'somebody else' });
  const stranger = await openWorld().tokens.issue({ principal, resource, issuer, version: '1.0' });
  const { kid } = await world.keys.current();
  const [jwk] = await world.keys.published();
  const asSecret = Buffer.from(jwk?.n ?? '', 'base64url');
  const forged = [
    '',
    'x',
    'a.b.c',
    `${header}.${payload}.`,
    `${header}.${Buffer.from(claims).toString('base64url')}.${signature}`,
    stranger.token,
    new UnsecuredJWT(decodeJwt(token)).encode(),
    // The public key is no secret: a token that is signed with it as one must not count.
    await new SignJWT(decodeJwt(token)).setProtectedHeader({ alg: 'HS256', kid }).sign(asSecret),
    'x'.repeat(1_000_000),
  ];
  for (const text of forged) {
    assert.equal(await problem(world.tokens, text), 'InvalidAuthenticationToken', text.slice(0, 100));
  }
});

test('a token of another tenant is refused even when we signed it', async () => {
  const world = openWorld();
  const guest = { ...principal, tenantId: '99999999-9999-9999-9999-999999999999' };
  const { token } = await world.tokens.issue({ principal: guest, resource, issuer, version: '1.0' });
  assert.equal(await problem(world.tokens, token), 'InvalidAuthenticationTokenTenant');
});

test('servers on one database trust the tokens of each other, across a change of keys', async () => {
  const settings = memorySettings();
  const [first, second] = [openWorld(settings), openWorld(settings)];
  await second.keys.current();
  const { token } = await first.tokens.issue({ principal, resource, issuer, version: '1.0' });
  assert.equal((await second.tokens.check(token, ['arm'])).ok, true);
  for (const world of [first, second]) world.pass(90 * 24 * 60 * 60);
  const later = await first.tokens.issue({ principal, resource, issuer, version: '1.0' });
  assert.equal((await second.tokens.check(later.token, ['arm'])).ok, true);
  assert.equal((await first.keys.published()).length, 2);
  assert.notEqual(header(token), header(later.token));
});

test('audiences are known by all their names', () => {
  for (const name of [
    'https://management.azure.com//',
    'HTTPS://Management.Core.Windows.net/',
    'https://localhost:8443',
  ]) {
    assert.equal(readAudience(name, isOwnHost), 'arm', name);
  }
  assert.equal(readAudience('https://graph.microsoft.com/', isOwnHost), 'graph');
  for (const name of [
    '',
    'localhost',
    'http://localhost/',
    'https://localhost.evil.example/',
    'https://elsewhere.example',
  ]) {
    assert.equal(readAudience(name, isOwnHost), undefined, name);
  }
  assert.equal(
    resourceOfScope('openid https://management.azure.com//.default'),
    'https://management.azure.com/',
  );
  assert.equal(resourceOfScope('openid'), undefined);
});

function openWorld(settings = memorySettings()) {
  let nowMs = Date.UTC(2026, 0, 1);
  const now = (): Date => new Date(nowMs);
  const keys = openSigningKeys({ settings, now });
  return {
    keys,
    tokens: createTokenService({ keys, tenantId, isOwnHost, now }),
    pass: (seconds: number): void => {
      nowMs += seconds * 1000;
    },
  };
}

async function problem(
  tokens: TokenService,
  token: string,
  audience: 'arm' | 'graph' = 'arm',
): Promise<string> {
  const checked = await tokens.check(token, [audience]);
  return checked.ok ? 'none' : checked.problem.code;
}

function header(token: string): string {
  return token.split('.')[0] ?? '';
}
