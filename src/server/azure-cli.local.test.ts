/** The stock `az` against a service over HTTPS, in a configuration folder of its own. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { runCommand } from '../host/command.ts';
import { findProgram } from '../host/program-path.ts';
import { clientEnvironment, shellLines } from './client-environment.ts';
import { startTestService, type StartedService } from './testing/started-service.ts';
import { field } from './testing/test-app.ts';

const az = findProgram('az');
const skip =
  az === undefined ? 'SKIPPED: the Azure CLI is not installed (Debian: apt-get install azure-cli)' : false;
/** It starts slowly where others work too. */
const timeoutMs = 120_000;

let started: StartedService;
before(async () => {
  if (skip === false) started = await startTestService();
});
after(async () => {
  if (skip === false) await started[Symbol.asyncDispose]();
});

test('the printed lines log az in, and running them again changes nothing', { skip }, async () => {
  const script = ['set -e', ...shellLines(environment())].join('\n');
  for (const round of ['first', 'second']) {
    const { stderr } = await run(['bash', '-c', script]);
    assert.equal(stderr, '', round);
  }
  const account = await ask('account', 'show');
  assert.equal(field(account, 'id'), started.service.endpoint.subscriptionId);
  assert.equal(field(account, 'environmentName'), 'Goldsmith');
  assert.equal(field(field(account, 'user'), 'name'), started.service.credentials.clientId);
});

test('az lists locations and providers, registers namespaces and features', { skip }, async () => {
  const locations = await ask('account', 'list-locations');
  assert.ok(Array.isArray(locations) && locations.some((entry) => field(entry, 'name') === 'westus2'));
  const providers = await ask('provider', 'list');
  assert.ok(Array.isArray(providers) && providers.length > 0);
  const provider = await ask('provider', 'show', '--namespace', 'Microsoft.Authorization');
  assert.equal(field(provider, 'registrationState'), 'Registered');
  await ask('provider', 'register', '--namespace', 'Microsoft.Authorization', '--wait');
  const feature = ['--namespace', 'Microsoft.VirtualMachineImages', '--name', 'FairfaxPublicPreview'];
  assert.equal(
    field(field(await ask('feature', 'show', ...feature), 'properties'), 'state'),
    'NotRegistered',
  );
  await ask('feature', 'register', ...feature);
  assert.equal(field(field(await ask('feature', 'show', ...feature), 'properties'), 'state'), 'Registered');
});

test('az rest gets answers and shows errors in the words of the service', { skip }, async () => {
  const url = '/subscriptions/{subscriptionId}/providers';
  const answer = await ask('rest', '--method', 'get', '--url', `${url}?api-version=2021-04-01`);
  assert.ok(Array.isArray(field(answer, 'value')));
  await assert.rejects(
    ask('rest', '--method', 'get', '--url', `${url}/Microsoft.Nope/x?api-version=2021-04-01`),
    {
      message: /InvalidResourceNamespace/,
    },
  );
  await assert.rejects(ask('login', '--service-principal', ...wrongLogin()), { message: /AADSTS7000215/ });
});

test('az reaches blobs with the name of their account alone', { skip }, async () => {
  const [group, account] = ['blobs', 'namedaccount'];
  await ask('group', 'create', '--name', group, '--location', 'westus2');
  await ask('storage', 'account', 'create', '-g', group, '-n', account, '-l', 'westus2');
  const place = ['--account-name', account, '--container-name', 'files'];
  await ask('storage', 'container', 'create', '--account-name', account, '--name', 'files');
  await ask('storage', 'blob', 'upload', ...place, '--name', 'a', '--data', 'text');
  const blobs = await ask('storage', 'blob', 'list', ...place);
  assert.deepEqual(Array.isArray(blobs) && blobs.map((blob) => field(blob, 'name')), ['a']);

  const url = String(await ask('storage', 'blob', 'url', ...place, '--name', 'none.vhd'));
  const create = ['image', 'create', '-g', group, '-l', 'westus2', '--os-type', 'Linux', '--name', 'i'];
  await assert.rejects(ask(...create, '--source', url), { message: /There is no blob files\/none\.vhd/ });
  const { subscriptionId } = started.service.endpoint;
  const disk = `/subscriptions/${subscriptionId}/resourceGroups/${group}/providers/Microsoft.Compute/disks/d`;
  await assert.rejects(ask(...create, '--source', disk), { message: /disks\/d' of the image was not found/ });
});

function wrongLogin(): readonly string[] {
  const { clientId, tenantId } = started.service.credentials;
  return ['--username', clientId, '--password', 'wrong', '--tenant', tenantId];
}

function environment(): ReturnType<typeof clientEnvironment> {
  return clientEnvironment(join(started.folder, 'data'));
}

async function ask(...words: readonly string[]): Promise<unknown> {
  const { stdout } = await run([az ?? 'az', ...words, '--output', 'json']);
  return stdout.trim() === '' ? undefined : JSON.parse(stdout);
}

async function run(argv: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return runCommand(argv, { env: environment().variables, timeoutMs });
}
