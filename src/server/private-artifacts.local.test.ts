/** Scripts in a storage account of the service: who may read them, with real blobs behind it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { after, before, describe, test } from 'node:test';
import { BlobSASPermissions, BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { ClientSecretCredential } from '@azure/identity';
import { field } from './testing/test-app.ts';
import { startTestService, type StartedService } from './testing/started-service.ts';

const reader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1';
const versions = {
  'Microsoft.ManagedIdentity': '2023-01-31',
  'Microsoft.Storage': '2023-01-01',
  'Microsoft.Authorization': '2022-04-01',
  'Microsoft.VirtualMachineImages': '2024-02-01',
} as const;

describe('a script in a private container', { timeout: 300_000 }, () => {
  let started: StartedService;
  let token: string;
  let group: string;
  let script: string;
  let sas: string;

  before(async () => {
    started = await startTestService();
    const { endpoint, credentials, tls } = started.service;
    setDefaultCACertificates([...getCACertificates('default'), readFileSync(tls.files.authority, 'utf8')]);
    const { tenantId, clientId, clientSecret } = credentials;
    const login = new ClientSecretCredential(tenantId, clientId, clientSecret, {
      authorityHost: endpoint.url,
      disableInstanceDiscovery: true,
    });
    ({ token } = await login.getToken(`${endpoint.url}/.default`));
    group = `/subscriptions/${endpoint.subscriptionId}/resourceGroups/scripts`;
    await ask('PUT', group, '2021-04-01', { location: 'westus2' });
    const account = `${group}/providers/Microsoft.Storage/storageAccounts/scripts`;
    await put(account, { location: 'westus2', sku: { name: 'Standard_LRS' }, kind: 'StorageV2' });
    const keys = await ask('POST', `${account}/listKeys`, versions['Microsoft.Storage']);
    const key = String(field(field(field(keys, 'keys'), '0'), 'value'));
    const url = String(field(field(field(await get(account), 'properties'), 'primaryEndpoints'), 'blob'));
    const blobs = new BlobServiceClient(url, new StorageSharedKeyCredential('scripts', key));
    const container = blobs.getContainerClient('private');
    await container.create();
    const blob = container.getBlockBlobClient('install.sh');
    await blob.upload('echo hi', 7);
    script = blob.url;
    sas = await blob.generateSasUrl({
      permissions: BlobSASPermissions.parse('r'),
      expiresOn: new Date(Date.now() + 3_600_000),
    });
  });
  after(async () => started[Symbol.asyncDispose]());

  test('is refused to an identity without the role, in words that name customizer and blob', async () => {
    const properties = await submit('stranger', script);
    assert.equal(field(properties, 'provisioningState'), 'Failed');
    const error = field(properties, 'provisioningError');
    assert.equal(field(error, 'provisioningErrorCode'), 'NoCustomizerScript');
    const message = String(field(error, 'message'));
    for (const part of ['customizer 1 (Shell "install")', script, 'AuthorizationPermissionMismatch'])
      assert.ok(message.includes(part), message);
  });

  test('is fetched for an identity that may read blobs of the account', async () => {
    await grant('member', `${group}/providers/Microsoft.Storage/storageAccounts/scripts`);
    assert.equal(field(await submit('member', script), 'provisioningState'), 'Succeeded');
  });

  test('is fetched for an identity that may read blobs anywhere in the group', async () => {
    await grant('resident', group);
    assert.equal(field(await submit('resident', script), 'provisioningState'), 'Succeeded');
  });

  test('that is not there is told so to an identity that may read', async () => {
    await grant('seeker', group);
    const error = field(await submit('seeker', `${script}.none`), 'provisioningError');
    assert.match(String(field(error, 'message')), /There is no blob private\/install\.sh\.none/);
  });

  test('is fetched with a SAS whoever asks; a SAS that was changed opens nothing', async () => {
    assert.equal(field(await submit('guest', sas), 'provisioningState'), 'Succeeded');
    const forged = sas.replace(/sig=[^&]{6}/, 'sig=AAAAAA');
    const error = field(await submit('forger', forged), 'provisioningError');
    assert.match(String(field(error, 'message')), /403 AuthenticationFailed/);
    assert.ok(!JSON.stringify(error).includes('sig=AAAA'));
  });

  /** A template with an identity of its own, when its submission is over. */
  async function submit(name: string, scriptUri: string): Promise<unknown> {
    const identity = await identityOf(name);
    const template = `${group}/providers/Microsoft.VirtualMachineImages/imageTemplates/${name}`;
    await put(template, {
      location: 'westus2',
      identity: { type: 'UserAssigned', userAssignedIdentities: { [identity.id]: {} } },
      properties: {
        source: {
          type: 'PlatformImage',
          publisher: 'debian',
          offer: 'debian-12',
          sku: '12',
          version: 'latest',
        },
        customize: [{ type: 'Shell', name: 'install', scriptUri }],
        distribute: [{ type: 'VHD', runOutputName: 'disk' }],
      },
    });
    for (;;) {
      const properties = field(await get(template), 'properties');
      if (field(properties, 'provisioningState') !== 'Creating') return properties;
      await delay(50); // the service has no event for clients
    }
  }

  async function identityOf(name: string): Promise<{ readonly id: string; readonly principalId: string }> {
    const id = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
    const made = await put(id, { location: 'westus2' });
    return { id, principalId: String(field(field(made, 'properties'), 'principalId')) };
  }

  async function grant(name: string, scope: string): Promise<void> {
    const { principalId } = await identityOf(name);
    const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${reader}`;
    await put(`${scope}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`, {
      properties: { principalId, principalType: 'ServicePrincipal', roleDefinitionId },
    });
  }

  async function put(id: string, body: object): Promise<unknown> {
    return ask('PUT', id, versionOf(id), body);
  }

  async function get(id: string): Promise<unknown> {
    return ask('GET', id, versionOf(id));
  }

  async function ask(method: string, id: string, apiVersion: string, body?: object): Promise<unknown> {
    const response = await fetch(`${started.service.endpoint.url}${id}?api-version=${apiVersion}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${id}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }
});

function versionOf(id: string): string {
  const namespace = id.slice(id.lastIndexOf('/providers/') + '/providers/'.length).split('/')[0];
  return Object.entries(versions).find(([known]) => known === namespace)?.[1] ?? '2021-04-01';
}
