/** Real Gen1 builds that go wrong in every way a build can, and what is left of them. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { giveToBuildUser } from '../host/build-user.ts';
import { parseImageResourceId } from '../images/resource-ids.ts';
import { thawMachine } from './kept-machine.ts';
import { runFolder } from './run-folder.ts';
import { readDiskFacts } from './testing/disk-facts.ts';
import { openTestHost, type TestHost } from './testing/test-host.ts';
import { debian12, inlineShell, testImageId, testTemplate } from './testing/test-template.ts';

const signal = AbortSignal.timeout(40 * 60_000);
let bench: TestHost;

before(async () => {
  bench = await openTestHost();
});

after(async () => {
  await bench[Symbol.asyncDispose]();
});

test('a failing customizer stops the run, names itself, and its machine can be entered again and again', async () => {
  const { record } = await bench.build(
    testTemplate('broken', {
      source: debian12('12'),
      customize: [
        inlineShell('first', 'test ! -d /sys/firmware/efi', 'echo before > /tmp/progress'),
        inlineShell('second', 'echo about to fail', 'echo the reason >&2', 'exit 42'),
        inlineShell('third', 'sudo touch /etc/never'),
      ],
      errorHandling: { onCustomizerError: 'abort', onValidationError: 'cleanup' },
    }),
  );
  assert.equal(record.state, 'Failed');
  assert.equal(record.error?.code, 'CustomizerFailed');
  assert.match(record.message, /Customizer 2 \(Shell "second"\) .*exit code 42/);
  assert.match(record.message, /the reason/);
  assert.deepEqual(record.artifacts, []);
  assert.match(record.error.hint ?? '', new RegExp(`shell ${record.runId}`));
  assert.deepEqual(record.steps.map(({ id }) => id).slice(-2), ['customize[0]', 'customize[1]']);
  assert.match(readFileSync(record.logPath, 'utf8'), /PACKER ERR .*\(telemetry\) Starting provisioner shell/);
  for (let visit = 1; visit <= 2; visit++) await visitKept(record.runId);
});

async function visitKept(runId: string): Promise<void> {
  const { host, folder } = bench;
  const workDir = join(folder, 'thaw');
  await mkdir(workDir);
  giveToBuildUser(host.user, workDir);
  giveToBuildUser(host.user, folder);
  try {
    await using session = await thawMachine(
      {
        folder: runFolder(host.home, runId),
        hypervisor: host.createHypervisor(() => undefined),
        user: host.user,
        workDir,
      },
      signal,
    );
    let output = '';
    const { exitCode } = await session.shell.exec(
      'cat /tmp/progress; ls /tmp/visited; date -u +%s; sudo touch /tmp/visited',
      {
        signal,
        onOutput: (_stream, chunk) => {
          output += chunk.toString('utf8');
        },
      },
    );
    assert.equal(exitCode, 0);
    assert.match(output, /^before$/m, 'memory and disk are those of the failing step');
    assert.match(output, /cannot access '\/tmp\/visited'/, 'earlier visits left no trace');
    const clock = Number(/^\d{10}$/m.exec(output)?.[0]);
    assert.ok(Math.abs(clock - Date.now() / 1000) < 120, 'the clock was set');
  } finally {
    await rm(workDir, { recursive: true });
  }
}

test('a failed validation fails the run, and distributes all the same when the template says so', async () => {
  const { record } = await bench.build(
    testTemplate('invalid', {
      source: debian12('12'),
      customize: [inlineShell('quick', 'echo 1 | sudo tee /etc/quick')],
      validate: {
        continueDistributeOnFailure: true,
        sourceValidationOnly: false,
        inVMValidations: [inlineShell('strict', 'grep -q 2 /etc/quick')],
      },
    }),
  );
  assert.equal(record.state, 'Failed');
  assert.equal(record.error?.code, 'ValidationFailed');
  const [vhd] = record.artifacts;
  assert.ok(vhd !== undefined && existsSync(vhd.path));
  assert.equal(await (await readDiskFacts(vhd.path, vhd.virtualSizeBytes)).read('/etc/quick'), '1\n');
  assert.ok(existsSync(runFolder(bench.host.home, record.runId).validationLog));
  assert.ok(!existsSync(runFolder(bench.host.home, record.runId).work), 'no work files are left');
});

test('a guest kernel that panics ends the run at once, with the panic in the message', async () => {
  const { record } = await bench.build(
    testTemplate('panic', {
      source: debian12('12'),
      customize: [
        inlineShell(
          'crash',
          'echo 1 | sudo tee /proc/sys/kernel/sysrq',
          'echo c | sudo tee /proc/sysrq-trigger',
          'sleep 900',
        ),
      ],
    }),
  );
  assert.equal(record.state, 'Failed');
  assert.equal(record.error?.code, 'GuestPanicked', record.message);
  assert.match(record.message, /Kernel panic - not syncing: sysrq triggered crash/);
  const consoleLog = readFileSync(runFolder(bench.host.home, record.runId).consoleLog, 'utf8');
  assert.match(consoleLog, /Kernel panic[^]*Call Trace:[^]*end Kernel panic/);
});

test('cancelling in the middle of a customizer ends everything', async () => {
  const cancel = new AbortController();
  const { record } = await bench.build(
    testTemplate('cancelled', {
      source: debian12('12'),
      customize: [inlineShell('endless', 'echo started', 'sleep 3600')],
    }),
    {},
    {
      signal: cancel.signal,
      onEvent: (event) => {
        if (event.kind === 'step-output' && event.line === 'started') cancel.abort();
      },
    },
  );
  assert.equal(record.state, 'Canceled');
  assert.equal(record.steps.at(-1)?.state, 'cancelled');
  assert.ok(!existsSync(runFolder(bench.host.home, record.runId).work));
});

test('a guest that does not come up in time, and a run that takes too long, end with their own reasons', async () => {
  const slow = await bench.build(testTemplate('slow', { source: debian12('12') }), { bootTimeoutMs: 2000 });
  assert.equal(slow.record.error?.code, 'GuestUnreachable', slow.record.message);
  const late = await bench.build(testTemplate('late', { source: debian12('12'), buildTimeoutMs: 3000 }));
  assert.equal(late.record.error?.code, 'BuildTimeout', late.record.message);
  assert.equal(late.record.state, 'Failed');
});

test('an image without the Azure datasource is built through a NoCloud seed', async () => {
  const { store } = bench.host;
  const facts = await bench.baseImage(debian12('12'));
  const id = parseImageResourceId(testImageId('plain'));
  assert.ok(id?.kind === 'ManagedImage');
  const image = store.publishManagedImage(
    { ...facts, provisioning: 'nocloud' },
    { id, location: 'westus2', ifExists: 'replace', tags: {}, origin: { source: 'test' } },
  );
  try {
    const { record } = await bench.build(
      testTemplate('plain', {
        source: { type: 'ManagedImage', imageId: image.id },
        customize: [inlineShell('cloud', 'sudo cp /var/lib/cloud/instance/datasource /etc/cloud-was')],
      }),
    );
    assert.equal(record.state, 'Succeeded', record.message);
    const [vhd] = record.artifacts;
    assert.ok(vhd !== undefined);
    const disk = await readDiskFacts(vhd.path, vhd.virtualSizeBytes);
    assert.match((await disk.read('/etc/cloud-was')) ?? '', /NoCloud/);
  } finally {
    store.remove(image.id);
  }
});
