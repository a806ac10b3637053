import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { DoctorReport } from '../host/doctor/report.ts';
import { GoldsmithError } from '../model/errors.ts';
import { fakePorts, imageEntry, readyReport, type FakeWorld } from './testing/fake-ports.ts';
import { memoryIo } from './testing/memory-io.ts';
import { runCli } from './testing/run-cli.ts';
import { failedRecord, scriptedRecord } from './testing/scripted-run.ts';
import { smallTemplate, writeTemplate } from './testing/templates.ts';

const folder = mkdtempSync(join(tmpdir(), 'goldsmith-cli-'));
after(() => rmSync(folder, { recursive: true }));
const template = writeTemplate(folder, 'web.json', smallTemplate);

test('build hands the engine the template, its name, absolute paths and the wanted copies', async () => {
  const { exitCode, asked } = await cli(['build', 'web.json', '-f', 'vmdk,qcow2', '--keep-on-error']);
  assert.equal(exitCode, 0);
  const [request] = asked.builds;
  assert.equal(request?.templatePath, template);
  assert.equal(request?.templateName, 'web');
  assert.equal(request?.outputFolder, join(folder, 'goldsmith-out', 'web'));
  assert.deepEqual(request?.copies, ['qcow2', 'vmdk']);
  assert.equal(request?.keepOnError, true);
  assert.equal(request?.template.customize[0]?.name, 'hello');
});

test('build shows progress as plain lines in a pipe and the artifacts at the end', async () => {
  const { stdout } = await cli(['build', 'web.json']);
  assert.match(stdout, /^2026-11-21T10:00:00Z {2}\[run\] started nginx-vhd/);
  assert.match(stdout, /✔ Built nginx-vhd in 3m 12s\n\n {2}VHD {2}nginx\n {4}\/out\/nginx\.vhd\n/);
});

test('build --json prints the record and nothing else on standard output', async () => {
  const { stdout, stderr } = await cli(['build', 'web.json', '--json']);
  assert.deepEqual(JSON.parse(stdout), scriptedRecord());
  assert.match(stderr, /^2026-11-21T10:00:00Z {2}\[run\] started/);
});

test('build --log writes the progress lines to a file as well', async () => {
  const log = join(folder, 'build.log');
  const { stdout } = await cli(['build', 'web.json', '--log', log]);
  const lines = readFileSync(log, 'utf8');
  assert.match(lines, /^2026-11-21T10:00:00Z {2}\[run\] started/);
  assert.ok(stdout.startsWith(lines));
});

test('a failed build tells why, with the last lines, the hint and the log, and exits 4', async () => {
  const { exitCode, stderr } = await cli(['build', 'web.json'], { record: failedRecord() });
  assert.equal(exitCode, 4);
  assert.match(stderr, /✖ A customizer failed: Customizer "install" failed with exit code 100/);
  assert.match(stderr, /Last lines of Customize 1\/2: Shell "install":\n {2}│ Get:11 /);
  assert.match(stderr, /Next {2}Run it again with --keep-on-error/);
  assert.match(stderr, /Log {3}\/home\/runs\/3f2a\/customization\.log/);
});

test('a build that cannot start exits by its error, with one JSON document when asked for', async () => {
  const buildError = new GoldsmithError('InsufficientResources', 'Not enough disk', { hint: 'Free some.' });
  const { exitCode, stdout, stderr } = await cli(['build', 'web.json', '--json'], { buildError });
  assert.equal(exitCode, 6);
  const error = {
    code: 'InsufficientResources',
    message: 'Not enough disk',
    details: [],
    hint: 'Free some.',
  };
  assert.deepEqual(JSON.parse(stdout), { error });
  assert.match(stderr, /Not enough disk/);
});

test('build refuses a bad template with every problem, exit code 3, and builds nothing', async () => {
  const bad = {
    ...smallTemplate,
    locaton: 'x',
    properties: { ...smallTemplate.properties, customize: [{ type: 'Shel' }] },
  };
  writeTemplate(folder, 'bad.json', bad);
  const { exitCode, stderr, stdout, asked } = await cli(['build', 'bad.json', '--json']);
  assert.equal(exitCode, 3);
  assert.deepEqual(asked.builds, []);
  assert.match(stderr, /\$\.locaton/);
  assert.match(stderr, /\$\.properties\.customize\[0\]\.type/);
  const document: unknown = JSON.parse(stdout);
  assert.ok(typeof document === 'object' && document !== null && 'issues' in document);
});

test('build reads a template from standard input', async () => {
  const io = memoryIo({ cwd: folder });
  io.keys.end(JSON.stringify(smallTemplate));
  const { exitCode, asked } = await runCli(['build', '-', '--name', 'piped'], { io, ports: fakePorts() });
  assert.equal(exitCode, 0);
  assert.deepEqual([asked.builds[0]?.templatePath, asked.builds[0]?.templateName], ['-', 'piped']);
});

test('validate accepts several files and fails when one is bad', async () => {
  writeTemplate(folder, 'broken.json', { location: 'x' });
  const { exitCode, stdout } = await cli(['validate', 'web.json', 'broken.json']);
  assert.equal(exitCode, 3);
  assert.match(
    stdout,
    /✔ web\.json is valid \(api-version 2024-02-01, 1 customizer, 0 validators, 1 target\)/,
  );
  assert.match(stdout, /✖ broken\.json: \d+ problems/);
});

test('a template that is not there is a usage error', async () => {
  const { exitCode, stderr } = await cli(['validate', 'gone.json']);
  assert.equal(exitCode, 2);
  assert.match(stderr, /Cannot read "gone\.json" \(ENOENT\)/);
});

test('boot --command prints what the command prints and exits with its exit code', async () => {
  const world = { commandExitCode: 42 };
  const { exitCode, stdout, stderr, asked } = await cli(
    ['boot', 'x.vhd', '--command', 'false', '--memory', '512'],
    world,
  );
  assert.equal(exitCode, 42);
  assert.equal(stdout, 'to stdout\n');
  assert.match(stderr, /to stderr\n$/);
  assert.deepEqual(asked.boots, [
    {
      ...{ image: 'x.vhd', memoryBytes: 512 * 1024 * 1024, cpus: undefined, network: true },
      ...{ generation: undefined, provisioning: undefined },
    },
  ]);
  assert.equal(asked.machinesEnded, 1);
});

test('boot hands on what a person knows about a disk file, and refuses what no machine has', async () => {
  const { asked } = await cli(['boot', 'x.qcow2', '--generation', 'V1', '--provisioning', 'nocloud']);
  assert.deepEqual([asked.boots[0]?.generation, asked.boots[0]?.provisioning], ['V1', 'nocloud']);
  const refused = await cli(['boot', 'x.qcow2', '--generation', 'V3']);
  assert.equal(refused.exitCode, 2);
  assert.deepEqual(refused.asked.boots, []);
});

test('boot opens a shell, and --console the serial console, and both end the machine', async () => {
  for (const [flags, shown] of [
    [[], '$ '],
    [['--console', '--no-network'], 'login: '],
  ] as const) {
    const { exitCode, stdout, asked } = await cli(['boot', 'x.vhd', ...flags]);
    assert.equal(exitCode, 0);
    assert.equal(stdout, shown);
    assert.equal(asked.boots[0]?.network, flags.length === 0);
    assert.equal(asked.machinesEnded, 1);
  }
});

test('images import hands over what was asked for', async () => {
  const { exitCode, asked, stdout } = await cli([
    'images',
    'import',
    'a.qcow2',
    '--name',
    'a',
    '--provisioning',
    'nocloud',
  ]);
  assert.equal(exitCode, 0);
  assert.deepEqual(asked.imports, [
    {
      path: join(folder, 'a.qcow2'),
      name: 'a',
      osType: 'Linux',
      generation: undefined,
      provisioning: 'nocloud',
      replace: false,
    },
  ]);
  assert.match(stdout, /Debian:debian-12/);
});

test('images list shows a table, or the same as JSON', async () => {
  const world = { images: [imageEntry] };
  assert.match(
    (await cli(['images', 'list'], world)).stdout,
    /^IMAGE +KIND.*\nDebian:debian-12:12-gen2:0\.20261121\.0 +PlatformImage/,
  );
  assert.deepEqual(JSON.parse((await cli(['images', 'list', '--json'], world)).stdout), [imageEntry]);
});

test('doctor changes nothing without --install, names the plan and exits 6 when something is missing', async () => {
  const { exitCode, stdout, asked } = await cli(['doctor'], { reports: [missingReport] });
  assert.equal(exitCode, 6);
  assert.equal(asked.installs, 0);
  assert.match(stdout, /doctor --install would:\n {2}- install the packages passt\n/);
});

test('doctor --install installs, then looks again', async () => {
  const { exitCode, stdout, asked } = await cli(['doctor', '--install'], {
    reports: [missingReport, readyReport],
  });
  assert.equal(exitCode, 0);
  assert.equal(asked.installs, 1);
  assert.match(stdout, /^Installing passt\.\.\.\n/);
});

test('runs show lists the steps with their times and the result', async () => {
  const { state, ...step } = {
    id: 'boot',
    title: 'Boot the build VM',
    state: 'succeeded',
    startedAt: '2026-11-21T10:00:00Z',
    durationMs: 4200,
  } as const;
  const { stdout } = await cli(['runs', 'show', 'latest'], {
    record: scriptedRecord({ steps: [{ ...step, state }] }),
  });
  assert.match(stdout, /^✔ Boot the build VM +4\.2s\n/);
  assert.match(stdout, /✔ Built nginx-vhd/);
});

test('runs logs prints the customization log, and the validation log when there is one', async () => {
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  const record = { ...scriptedRecord(), logPath: join(logs, 'customization.log') };
  writeFileSync(record.logPath, 'install\n');
  assert.equal((await cli(['runs', 'logs', 'latest'], { record })).stdout, 'install\n');
  writeFileSync(join(logs, 'validation.log'), 'check\n');
  for (const flags of [[], ['--follow']]) {
    const { stdout } = await cli(['runs', 'logs', 'latest', ...flags], { record });
    assert.equal(stdout, 'install\ncheck\n');
  }
});

test('a command first clears away what died since the last one, and a command that only looks does not', async () => {
  const found = await cli(['runs', 'list'], { abandoned: 'Run 1 was abandoned' });
  assert.deepEqual([found.asked.reaps, found.stderr], [1, 'Run 1 was abandoned\n']);
  assert.equal((await cli(['clean', '--dry-run'], { abandoned: 'Run 1 was abandoned' })).asked.reaps, 0);
});

test('clean passes on what may go, and says what it freed', async () => {
  const { stdout, asked } = await cli(['clean', '--all', '--dry-run']);
  assert.deepEqual(asked.cleans, [{ all: true, dryRun: true }]);
  assert.match(stdout, /Would free 2 KiB\n$/);
});

test('demo installs what is missing, builds, boots the VHD and shows what its web server answers', async () => {
  const webAnswer = 'HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 14\r\n\r\nHello, golden!';
  const world = { templatePath: template, reports: [missingReport, readyReport], webAnswer };
  const { exitCode, stdout, asked } = await cli(['demo'], world);
  assert.equal(exitCode, 0);
  assert.deepEqual([asked.installs, asked.builds.length, asked.boots[0]?.image], [1, 1, '/out/nginx.vhd']);
  assert.match(stdout, /HTTP 200 OK, server: nginx\/1\.22\.1\n/);
  assert.match(stdout, /Hello, golden!/);
  assert.match(stdout, /Done\. The image is at \/out\/nginx\.vhd/);
  assert.equal(asked.machinesEnded, 1);
});

test('demo does not claim success when the build failed or nobody answers', async () => {
  const failed = await cli(['demo'], { templatePath: template, record: failedRecord() });
  assert.equal(failed.exitCode, 4);
  assert.deepEqual(failed.asked.boots, []);
  const silent = await cli(['demo'], { templatePath: template, webAnswer: '' });
  assert.equal(silent.exitCode, 4);
  assert.doesNotMatch(silent.stdout, /Done\./);
  assert.equal(silent.asked.machinesEnded, 1);
});

const missingReport: DoctorReport = {
  ready: false,
  items: [
    {
      id: 'program.passt',
      title: 'passt',
      state: 'missing',
      found: 'nothing',
      remedy: { kind: 'package', package: 'passt' },
    },
  ],
  system: 'Debian',
  canInstall: true,
};

async function cli(args: readonly string[], world: FakeWorld = {}) {
  return runCli(args, { io: memoryIo({ cwd: folder }), ports: fakePorts(world) });
}
