import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { currentBuildUser, giveToBuildUser } from '../../host/build-user.ts';
import type { HealthReport } from './health-report.ts';
import { startProvisioning, type Provisioning } from './start-provisioning.ts';

const METADATA = '169.254.169.254:80';
const WIRE = '168.63.129.16:80';
const HOST_PLUGIN = '168.63.129.16:32526';

interface Fixture extends AsyncDisposable {
  readonly provisioning: Provisioning;
  readonly reports: readonly HealthReport[];
  readonly workDir: string;
  readonly ask: (service: string, path: string, init?: RequestInit) => Promise<Response>;
}

async function start(kind: 'azure' | 'nocloud'): Promise<Fixture> {
  await using stack = new AsyncDisposableStack();
  const user = currentBuildUser();
  const workDir = mkdtempSync(join(tmpdir(), 'goldsmith-provisioning-'));
  stack.defer(() => rmSync(workDir, { recursive: true, force: true }));
  chmodSync(workDir, 0o700);
  giveToBuildUser(user, workDir);
  const reports: HealthReport[] = [];
  const provisioning = stack.use(
    await startProvisioning(kind, {
      identity: {
        vmId: '7a8b1f6e-0000-4000-8000-000000000001',
        vmName: 'build-1',
        hostName: 'host-1',
        userName: 'builder',
        sshPublicKey: 'ssh-ed25519 AAAA',
        macAddress: '52:54:00:ab:cd:ef',
        address: '10.1.0.5',
        vmSize: 'Standard_D2s_v3',
        location: 'westeurope',
      },
      ...{ user, workDir, signal: AbortSignal.timeout(60_000) },
      onHealthReport: (report) => reports.push(report),
    }),
  );
  const kept = stack.move();
  return {
    ...{ provisioning, reports, workDir },
    ask: (service, path, init) => {
      const found = provisioning.services.find((it) => `${it.address}:${it.port}` === service);
      return fetch(`http://127.0.0.1:${found?.targetPort}${path}`, init);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

test('the metadata service answers both agents and refuses what Azure refuses', async () => {
  await using fixture = await start('azure');
  for (const value of ['true', 'True']) {
    const answer = await fixture.ask(METADATA, '/metadata/instance?api-version=2021-08-01&extended=true', {
      headers: { Metadata: value },
    });
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /"adminUsername":"builder"/);
  }
  const headers = { Metadata: 'true' };
  const compute = await fixture.ask(METADATA, '/metadata/instance/compute?api-version=2018-02-01', {
    headers,
  });
  assert.match(await compute.text(), /"vmId":"7a8b1f6e/);
  const leaf = await fixture.ask(
    METADATA,
    '/metadata/instance/compute/name?api-version=2021-02-01&format=text',
    { headers },
  );
  assert.equal(await leaf.text(), 'build-1');
  const statuses = await Promise.all(
    [
      fixture.ask(METADATA, '/metadata/instance?api-version=2021-08-01'),
      fixture.ask(METADATA, '/metadata/instance', { headers }),
      fixture.ask(METADATA, '/metadata/instance?api-version=1999-01-01', { headers }),
      fixture.ask(METADATA, '/metadata/instance/nothing?api-version=2021-08-01', { headers }),
      fixture.ask(METADATA, '/etc/passwd', { headers }),
    ].map(async (answer) => (await answer).status),
  );
  assert.deepEqual(statuses, [400, 400, 400, 404, 404]);
});

test('the WireServer serves versions, the goal state and the configurations it points at', async () => {
  await using fixture = await start('azure');
  assert.match(await (await fixture.ask(WIRE, '/?comp=versions')).text(), /2012-11-30/);
  const goalState = await (await fixture.ask(WIRE, '/machine/?comp=goalstate')).text();
  for (const type of ['hostingEnvironmentConfig', 'sharedConfig', 'extensionsConfig']) {
    const url = new RegExp(`http://168\\.63\\.129\\.16:80(/machine/[^<]*type=${type}[^<]*)<`).exec(
      goalState,
    )?.[1];
    const answer = await fixture.ask(WIRE, (url ?? '').replaceAll('&amp;', '&'));
    assert.equal(answer.status, 200, type);
    assert.match(answer.headers.get('content-type') ?? '', /text\/xml/);
  }
  assert.equal((await fixture.ask(WIRE, '/machine/?comp=certificates')).status, 404);
  assert.equal((await fixture.ask(HOST_PLUGIN, '/vmSettings')).status, 404);
  assert.deepEqual(await (await fixture.ask(HOST_PLUGIN, '/versions')).json(), ['2015-09-01']);
});

test('a Ready report settles ready, a failed one says why, and telemetry is swallowed', async () => {
  await using fixture = await start('azure');
  const post = (body: string, agent: string): Promise<Response> =>
    fixture.ask(WIRE, '/machine?comp=health', { method: 'POST', body, headers: { 'User-Agent': agent } });
  await post('<Health><State>Ready</State></Health>', 'Cloud-Init/22.4.2');
  assert.equal(await fixture.provisioning.ready, 'cloud-init');
  await post(
    '<Health><State>NotReady</State><SubStatus>ProvisioningFailed</SubStatus><Description>no DHCP</Description></Health>',
    'WALinuxAgent/2.7',
  );
  assert.match((await fixture.provisioning.failed).message, /waagent.*no DHCP/);
  assert.deepEqual(
    fixture.reports.map((report) => report.agent),
    ['cloud-init', 'waagent'],
  );
  const telemetry = { method: 'POST', body: '<TelemetryData/>' };
  assert.equal((await fixture.ask(WIRE, '/machine?comp=telemetrydata', telemetry)).status, 200);
  assert.equal((await fixture.ask(WIRE, '/HealthService', { method: 'POST', body: '{}' })).status, 200);
});

test('the Azure DVD is a UDF disc and the NoCloud seed carries its label; nothing else is left in the folder', async () => {
  for (const [kind, label] of [
    ['azure', 'rd_rdfe_stable'],
    ['nocloud', 'cidata'],
  ] as const) {
    await using fixture = await start(kind);
    const [disc] = fixture.provisioning.discs;
    const bytes = readFileSync(disc ?? '');
    // ISO 9660: the primary volume descriptor is sector 16; its volume id is 32 bytes from offset 40.
    assert.equal(
      bytes
        .subarray(32_768 + 40, 32_768 + 72)
        .toString('latin1')
        .trim(),
      label,
    );
    assert.equal(bytes.includes('NSR0'), kind === 'azure', 'UDF volume recognition');
    assert.deepEqual(readdirSync(fixture.workDir).length, 1);
  }
});

test('nothing listens any more after disposal', async () => {
  const fixture = await start('azure');
  await fixture[Symbol.asyncDispose]();
  await assert.rejects(fixture.ask(WIRE, '/?comp=versions'));
});
