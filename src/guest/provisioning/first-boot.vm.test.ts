/** Boots a Debian image that carries cloud-init and waagent as on Azure, and asks it what it found. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import { test, type TestContext } from 'node:test';
import { openTestHost } from '../../build/testing/test-host.ts';
import { debian12 } from '../../build/testing/test-template.ts';
import { currentBuildUser, giveToBuildUser } from '../../host/build-user.ts';
import { isGoldsmithError } from '../../model/errors.ts';
import type { Provisioning as ProvisioningKind } from '../../model/image.ts';
import { createUserNetwork, type UserNetwork } from '../../vm/network/user-network.ts';
import { createQemuHypervisor } from '../../vm/qemu/qemu-hypervisor.ts';
import type { GuestShell } from '../guest-shell.ts';
import { connectSsh } from '../ssh/connect.ts';
import { generateSshKeyPair } from '../ssh/key-pair.ts';
import type { HealthReport } from './health-report.ts';
import { startProvisioning } from './start-provisioning.ts';

const LIMIT_MS = 15 * 60_000;

interface Booted {
  readonly shell: GuestShell;
  readonly network: UserNetwork;
  readonly reports: readonly HealthReport[];
  /** The Azure agent's own report, after it has taken its goal state. */
  readonly waagentReady: Promise<HealthReport>;
  readonly run: (command: string) => Promise<{ exitCode: number; output: string }>;
}

test(
  'a machine with the Azure datasource is provisioned, reports Ready and cannot reach the host',
  { timeout: LIMIT_MS },
  async (t) => {
    await using stack = new AsyncDisposableStack();
    const { run, network, reports, shell, waagentReady } = await boot(t, 'azure', stack);
    const signal = AbortSignal.timeout(LIMIT_MS);

    const status = await run('sudo cloud-init status --wait --long; cloud-id');
    assert.match(status.output, /status: done/);
    assert.match(status.output, /azure/);
    assert.ok(reports.some((report) => report.agent === 'cloud-init' && report.state === 'Ready'));
    assert.equal(shell.userName, 'builduser');

    const mirror = await run('sudo apt-get update');
    assert.equal(mirror.exitCode, 0, mirror.output);

    await using listener = await hostListener();
    for (const target of ['10.1.0.1', '169.254.169.254', '168.63.129.16', '0.0.0.0', ...hostAddresses()]) {
      const tried = await run(`timeout 3 bash -c 'exec 3<>/dev/tcp/${target}/${listener.port}'`);
      assert.notEqual(tried.exitCode, 0, `${target} reaches a listener of the host`);
    }
    assert.equal(listener.connections(), 0);

    await assert.rejects(network.dial(4321, signal), (error) => isGoldsmithError(error, 'GuestUnreachable'));
    await assert.rejects(network.dial(22, AbortSignal.abort()), (error) =>
      isGoldsmithError(error, 'Cancelled'),
    );

    assert.equal((await waagentReady).state, 'Ready');
  },
);

test(
  'a machine with a NoCloud seed has the build user with sudo and the key',
  { timeout: LIMIT_MS },
  async (t) => {
    await using stack = new AsyncDisposableStack();
    const { run } = await boot(t, 'nocloud', stack);
    const status = await run(
      'sudo -n true && cloud-init status --wait --long; cloud-id; ls /etc/ssh/ssh_host_*',
    );
    assert.match(status.output, /status: done/);
    assert.match(status.output, /nocloud/);
  },
);

async function boot(t: TestContext, kind: ProvisioningKind, stack: AsyncDisposableStack): Promise<Booted> {
  const user = currentBuildUser();
  const { path } = await stack.use(await openTestHost()).baseImage(debian12('12'));
  const workDir = mkdtempSync('/var/tmp/goldsmith-test-');
  stack.defer(() => rmSync(workDir, { recursive: true, force: true }));
  chmodSync(workDir, 0o700);
  giveToBuildUser(user, workDir);
  const signal = AbortSignal.timeout(LIMIT_MS);
  const key = generateSshKeyPair();
  const identity = {
    vmId: randomUUID(),
    vmName: 'first-boot',
    hostName: 'first-boot-01',
    userName: 'builduser',
    sshPublicKey: key.publicKey,
    macAddress: '52:54:00:12:34:56',
    address: '10.1.0.5',
    vmSize: 'Standard_D2s_v3',
    location: 'westeurope',
  };
  const startedAt = performance.now();
  const note = (text: string): void =>
    t.diagnostic(`${((performance.now() - startedAt) / 1000).toFixed(1)} s ${text}`);
  const reports: HealthReport[] = [];
  const waagentReady = Promise.withResolvers<HealthReport>();
  const provisioning = stack.use(
    await startProvisioning(kind, {
      ...{ identity, user, workDir, signal },
      onHealthReport: (report) => {
        reports.push(report);
        if (report.agent === 'waagent' && report.state === 'Ready') waagentReady.resolve(report);
        note(`${report.agent} ${report.state} ${report.subStatus} ${report.description}`);
      },
    }),
  );
  const { macAddress, address } = identity;
  const { services } = provisioning;
  const network = stack.use(
    await createUserNetwork({ macAddress, guestAddress: address, user, services }, signal),
  );
  const hypervisor = createQemuHypervisor({ user });
  const vm = stack.use(
    await hypervisor.start(
      {
        name: 'first-boot',
        vmId: identity.vmId,
        generation: 'V1',
        secureBoot: false,
        cpus: 2,
        memoryBytes: 2 * 1024 ** 3,
        accelerator: 'tcg',
        cpuModel: 'max',
        disk: { path, format: 'raw', ephemeral: true },
        discs: provisioning.discs,
        azureIdentity: kind === 'azure',
        hyperV: kind === 'azure',
        network,
        workDir,
      },
      signal,
    ),
  );
  void network.addressTaken.then(() => note('address taken'));
  const lost = vm.ended.then((end) =>
    assert.fail(`${end.reason}: ${end.detail}\n${vm.console.text.slice(-2000)}`),
  );
  const stream = await Promise.race([network.waitForPort(22, signal), lost]);
  note('SSH answers');
  const shell = stack.use(
    await connectSsh({ stream, userName: identity.userName, privateKey: key.privateKey, signal }),
  );
  note('logged in');
  lost.catch(() => undefined);
  const run: Booted['run'] = async (command) => {
    let output = '';
    const result = await shell.exec(command, {
      signal,
      onOutput: (_, chunk) => {
        output += chunk.toString('utf8');
      },
    });
    return { exitCode: result.exitCode, output };
  };
  return { shell, network, reports, waagentReady: waagentReady.promise, run };
}

function hostAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter((entry) => entry.family === 'IPv4' && !entry.internal)
    .map((entry) => entry.address);
}

/** Listens on every address of the host, loopback included. */
async function hostListener(): Promise<AsyncDisposable & { port: number; connections: () => number }> {
  let connections = 0;
  const server = createServer().on('connection', (socket) => {
    connections += 1;
    socket.destroy();
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}
