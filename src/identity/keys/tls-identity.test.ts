import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTlsIdentity } from './tls-identity.ts';

const dayMs = 24 * 60 * 60 * 1000;

test('the certificate is signed by the authority and good for every name of this machine', async () => {
  await withFolder(async (folder) => {
    const identity = await openTlsIdentity({ folder, extraNames: ['build.example', '192.0.2.7'], now });
    const [server, ca] = [new X509Certificate(identity.certificate), new X509Certificate(identity.authority)];
    assert.ok(ca.ca && server.checkIssued(ca) && server.verify(ca.publicKey));
    for (const host of ['localhost', 'build.example', 'account.blob.localhost']) {
      assert.notEqual(server.checkHost(host), undefined, host);
    }
    for (const address of ['127.0.0.1', '::1', '192.0.2.7']) {
      assert.notEqual(server.checkIP(address), undefined, address);
    }
    assert.equal(server.checkHost('elsewhere.example'), undefined);
    for (const secret of [identity.files.privateKey, join(folder, 'ca.key')]) {
      assert.equal(statSync(secret).mode & 0o777, 0o600);
    }
  });
});

test('a restart changes nothing; an old, damaged or ill-fitting certificate is replaced under the same authority', async () => {
  await withFolder(async (folder) => {
    const first = await openTlsIdentity({ folder, now });
    assert.deepEqual(await openTlsIdentity({ folder, now }), first);
    const renewed = await openTlsIdentity({ folder, now: () => new Date(start + 380 * dayMs) });
    assert.notEqual(renewed.certificate, first.certificate);
    writeFileSync(renewed.files.certificate, 'no certificate');
    const repaired = await openTlsIdentity({ folder, now });
    const widened = await openTlsIdentity({ folder, extraNames: ['build.example'], now });
    assert.notEqual(widened.certificate, repaired.certificate);
    for (const identity of [renewed, repaired, widened]) assert.equal(identity.authority, first.authority);
  });
});

const start = Date.UTC(2026, 0, 1);
function now(): Date {
  return new Date(start);
}

async function withFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'goldsmith-tls-'));
  try {
    await act(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
