import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstBootUserData } from './first-boot-settings.ts';
import { buildConfig, buildGoalState } from './goal-state.ts';
import { parseHealthReport } from './health-report.ts';
import type { ProvisioningIdentity } from './identity.ts';
import { buildInstanceMetadata, pickMetadata } from './instance-metadata.ts';
import { wireServerApp } from './metadata-service.ts';
import { buildNoCloudSeed } from './nocloud-seed.ts';
import { buildOvfEnv } from './ovf-env.ts';
import { escapeXml } from './xml.ts';

const identity: ProvisioningIdentity = {
  vmId: '7a8b1f6e-0000-4000-8000-000000000001',
  vmName: 'build-1',
  hostName: 'host-1',
  userName: 'a<b&c',
  sshPublicKey: 'ssh-ed25519 AAAA "comment" <x>',
  macAddress: '52:54:00:ab:cd:ef',
  address: '10.1.0.5',
  vmSize: 'Standard_D2s_v3',
  location: 'westeurope',
};

test('text becomes XML that cannot break out of its element', () => {
  assert.equal(escapeXml(`<a b="c">&'\u0000`), '&lt;a b=&quot;c&quot;&gt;&amp;&apos;\ufffd');
  const document = buildOvfEnv(identity, '#cloud-config\n');
  assert.match(document, /<UserName>a&lt;b&amp;c<\/UserName>/);
  assert.match(document, /<Value>ssh-ed25519 AAAA &quot;comment&quot; &lt;x&gt;<\/Value>/);
  assert.match(document, /<CustomData>I2Nsb3VkLWNvbmZpZwo=<\/CustomData>/);
  assert.doesNotMatch(buildOvfEnv(identity, ''), /CustomData/);
});

test('the goal state points at configurations that exist', () => {
  const goalState = buildGoalState(identity);
  const urls = [...goalState.matchAll(/<(?:\w+Config)>(http[^<]+)</g)].map(
    (match) => new URL((match[1] ?? '').replaceAll('&amp;', '&')),
  );
  assert.equal(urls.length, 4);
  for (const url of urls) {
    const type = url.searchParams.get('type') ?? '';
    if (type !== 'fullConfig') assert.ok(buildConfig(identity, type) !== undefined, type);
  }
  assert.doesNotMatch(goalState, /Certificates/);
  assert.equal(buildConfig(identity, 'certificates'), undefined);
});

test('the metadata carries what cloud-init wants, in the types it wants', () => {
  const document = buildInstanceMetadata(identity, 'hi');
  assert.equal(pickMetadata(document, ['compute', 'osProfile', 'disablePasswordAuthentication']), 'true');
  assert.equal(pickMetadata(document, ['network', 'interface', '0', 'macAddress']), '525400ABCDEF');
  assert.equal(pickMetadata(document, ['Compute', 'USERDATA']), 'aGk=');
  assert.equal(pickMetadata(document, ['compute', 'nothing']), undefined);
  assert.equal(pickMetadata(document, ['compute', 'constructor']), undefined);
  assert.equal(pickMetadata(document, ['compute', 'vmId', 'length']), undefined);
});

test('health reports tell state, agent and reason', () => {
  const body = (inner: string): string =>
    `<?xml version="1.0"?><Health><Container><RoleInstanceList><Role><Health>${inner}</Health></Role></RoleInstanceList></Container></Health>`;
  assert.deepEqual(parseHealthReport(body('<State>Ready</State>'), 'Cloud-Init/22.4'), {
    ...{ state: 'Ready', agent: 'cloud-init', subStatus: '', description: '' },
  });
  const failed = body(
    '<State>NotReady</State><Details><SubStatus>ProvisioningFailed</SubStatus><Description>no &lt;user&gt;\u001b[31m\nnext</Description></Details>',
  );
  assert.deepEqual(parseHealthReport(failed, 'WALinuxAgent/2.7'), {
    ...{ state: 'NotReady', agent: 'waagent', subStatus: 'ProvisioningFailed' },
    description: 'no <user> [31m next',
  });
});

test('hostile health reports are refused or cut short', () => {
  for (const body of [
    '',
    '<State>',
    '<State>Ready',
    '<State>Other</State>',
    '</State><State>',
    '<!DOCTYPE x>',
  ]) {
    assert.equal(parseHealthReport(body, ''), undefined, body);
  }
  const long = parseHealthReport(
    `<State>NotReady</State><Description>${'&amp;'.repeat(100_000)}</Description>`,
    '',
  );
  assert.equal(long?.description.length, 1000);
  assert.equal(
    parseHealthReport('<State>NotReady</State><Description>&amp;lt;</Description>', '')?.description,
    '&lt;',
  );
});

test('the NoCloud seed is JSON that YAML reads alike, with the user and the address by MAC', () => {
  const seed = buildNoCloudSeed(identity, { ssh_genkeytypes: ['ed25519'] });
  assert.equal(seed['user-data'].split('\n')[0], '#cloud-config');
  const userData: unknown = JSON.parse(seed['user-data'].replaceAll(/^#.*$/gm, ''));
  assert.equal(pickMetadata(userData, ['users', '0', 'name']), 'a<b&c');
  assert.deepEqual(pickMetadata(userData, ['ssh_genkeytypes']), ['ed25519']);
  const network: unknown = JSON.parse(seed['network-config']);
  assert.equal(pickMetadata(network, ['ethernets', 'primary', 'match', 'macaddress']), '52:54:00:ab:cd:ef');
  assert.equal(pickMetadata(JSON.parse(seed['meta-data']), ['instance-id']), identity.vmId);
  assert.match(firstBootUserData(true), /^#cloud-config\n#.*\n\{/);
});

test('a body beyond every honest report is refused', async () => {
  const app = wireServerApp({
    ...{ identity, userData: '' },
    onHealthReport: () => assert.fail('reported'),
  });
  const body = `<State>Ready</State>${'x'.repeat(300 * 1024)}`;
  for (const headers of [{}, { 'Content-Length': String(body.length) }]) {
    const answer = await app.request('/machine?comp=health', { method: 'POST', body, headers });
    assert.equal(answer.status, 413);
  }
});
