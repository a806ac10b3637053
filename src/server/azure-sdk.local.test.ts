/** The Azure SDK for JavaScript against a service over HTTPS, with the service's own certificate authority. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ResourceManagementClient } from '@azure/arm-resources';
import { SubscriptionClient } from '@azure/arm-resources-subscriptions';
import { ClientSecretCredential } from '@azure/identity';
import { startTestService, type StartedService } from './testing/started-service.ts';

test('a client secret credential and the management clients work unchanged', async () => {
  await using started = await startTestService();
  const { endpoint } = started.service;
  const credential = login(started);
  const options = { endpoint: endpoint.url, tlsOptions: tlsOf(started) };
  const subscriptions = new SubscriptionClient(credential, options);
  const [subscription] = await Array.fromAsync(subscriptions.subscriptions.list());
  assert.equal(subscription?.subscriptionId, endpoint.subscriptionId);
  const [tenant] = await Array.fromAsync(subscriptions.tenants.list());
  assert.equal(tenant?.tenantId, endpoint.tenantId);
  const resources = new ResourceManagementClient(credential, endpoint.subscriptionId, options);
  const providers = await Array.fromAsync(resources.providers.list());
  assert.ok(providers.some(({ namespace }) => namespace === 'Microsoft.Features'));
  await assert.rejects(resources.providers.get('Microsoft.Nope'), {
    statusCode: 404,
    code: 'InvalidResourceNamespace',
  });
});

test('a wrong secret gives no token', async () => {
  await using started = await startTestService();
  await assert.rejects(login(started, 'wrong').getToken('https://management.azure.com/.default'), {
    message: /AADSTS7000215/,
  });
});

function login(started: StartedService, secret?: string): ClientSecretCredential {
  const { credentials, endpoint } = started.service;
  const { tenantId, clientId, clientSecret } = credentials;
  return new ClientSecretCredential(tenantId, clientId, secret ?? clientSecret, {
    authorityHost: endpoint.url,
    disableInstanceDiscovery: true,
    tlsOptions: tlsOf(started),
  });
}

function tlsOf({ service }: StartedService): { readonly ca: Buffer } {
  return { ca: readFileSync(service.tls.files.authority) };
}
