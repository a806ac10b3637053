/**
 * Builds both generations of Debian 12 from the archive and boots each on an emulated machine. Needs a
 * mirror and some minutes. `GOLDSMITH_TEST_CACHE` names a folder in which the installed tree is kept.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { currentBuildUser } from '../../../host/build-user.ts';
import { endProcess, runCommand, startProcess } from '../../../host/command.ts';
import { isGoldsmithError } from '../../../model/errors.ts';
import { GIB } from '../../../model/sizes.ts';
import { detectGeneration } from '../../partition-table/detect-generation.ts';
import { buildDebianBase, type DebianBaseFacts } from './build-debian-base.ts';

const folder = mkdtempSync(join(tmpdir(), 'debian-base-'));
chmodSync(folder, 0o755); // subordinate uids pass through
after(() => rmSync(folder, { recursive: true }));
const cacheDir = process.env['GOLDSMITH_TEST_CACHE'] ?? join(folder, 'cache');
mkdirSync(cacheDir, { recursive: true });

const LIMIT_MS = 20 * 60_000;
const SIZE = 4 * GIB;

async function build(
  generation: 'V1' | 'V2',
  destination: string,
  workDir: string,
  signal: AbortSignal,
  maxAgeMs = 7 * 86_400_000,
): Promise<DebianBaseFacts> {
  mkdirSync(workDir);
  return buildDebianBase({
    ...{ release: 'bookworm', generation, destination, workDir, cacheDir, signal, maxAgeMs },
    sizeBytes: SIZE,
    user: currentBuildUser(),
    onLine: () => undefined,
  });
}

for (const generation of ['V1', 'V2'] as const) {
  test(
    `a ${generation} image boots to a login prompt and cloud-init ends well`,
    { timeout: LIMIT_MS },
    async (t) => {
      const disk = join(folder, `${generation}.raw`);
      const work = join(folder, `work-${generation}`);
      const facts = await build(generation, disk, work, t.signal);
      assert.match(facts.version, /^12\.\d+\.\d{8}$/);
      assert.equal((await detectGeneration(disk, SIZE)).generation, generation);
      assert.equal(statSync(disk).size, SIZE);
      assert.ok(statSync(disk).blocks * 512 < 1.5 * GIB, 'the image is sparse');
      rmdirSync(work); // fails when something was left in it

      const console = await boot(disk, generation, t.signal);
      assert.match(console, /probe login: /);
      assert.match(console, /^status: done/m);
      assert.match(console, /^0 loaded units listed/m, 'no unit failed');
      assert.match(console, /^root-size [67]\.\dG/m, 'the root file system grew with the disk');
      assert.match(console, /^keys ssh_host_ecdsa_key ssh_host_ed25519_key$/m);
      assert.match(console, new RegExp(`^firmware ${generation === 'V2' ? 'uefi' : 'bios'}$`, 'm'));
    },
  );
}

test('an aborted build leaves neither an image nor unfinished files', { timeout: LIMIT_MS }, async () => {
  const work = join(folder, 'work-aborted');
  const disk = join(folder, 'aborted.raw');
  const controller = new AbortController();
  mkdirSync(work);
  const building = buildDebianBase({
    ...{ release: 'bookworm', generation: 'V1', destination: disk, workDir: work, sizeBytes: SIZE },
    cacheDir: join(folder, 'no-cache'),
    maxAgeMs: 0,
    user: currentBuildUser(),
    signal: controller.signal,
    onLine: (line) => {
      if (line.includes('installing essential packages')) controller.abort();
    },
  });
  await assert.rejects(building, (error) => isGoldsmithError(error, 'Cancelled'));
  assert.throws(() => statSync(disk), { code: 'ENOENT' });
  rmdirSync(work); // fails when something was left in it
});

/** Boots a throw-away copy that grew to 8 GiB; returns the console's text once the guest powered itself off. */
async function boot(disk: string, generation: 'V1' | 'V2', signal: AbortSignal): Promise<string> {
  const own = mkdtempSync(join(folder, 'boot-'));
  const overlay = join(own, 'disk.qcow2');
  const create = ['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', disk, '-F', 'raw', overlay, '8G'];
  await runCommand(create, { signal });
  const argv = [
    ...['qemu-system-x86_64', '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-machine', 'q35,accel=tcg', '-cpu', 'max', '-smp', '2', '-m', '1536', '-serial', 'stdio'],
    ...(generation === 'V2' ? firmware(own) : []),
    ...['-drive', `file=${overlay},if=none,id=disk,format=qcow2,cache=unsafe`],
    ...['-device', 'virtio-blk-pci,drive=disk,bootindex=0', '-device', 'virtio-scsi-pci,id=scsi'],
    ...['-drive', `file=${await makeSeed(own, signal)},if=none,id=seed,format=raw,media=cdrom,readonly=on`],
    ...['-device', 'scsi-cd,bus=scsi.0,drive=seed', '-device', 'virtio-rng-pci'],
    ...['-netdev', 'user,id=net,restrict=on', '-device', 'virtio-net-pci,netdev=net,romfile='],
  ];
  const machine = startProcess(argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  machine.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  try {
    const [code] = await once(machine, 'close', { signal });
    assert.equal(code, 0, text.slice(-2000));
    return text.replaceAll('\r', '');
  } finally {
    await endProcess(machine);
  }
}

function firmware(own: string): readonly string[] {
  const variables = join(own, 'vars.fd');
  copyFileSync('/usr/share/OVMF/OVMF_VARS_4M.fd', variables);
  return [
    ...['-drive', 'if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd'],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${variables}`],
  ];
}

/** A NoCloud seed whose last act is a report on the console and power-off. */
async function makeSeed(own: string, signal: AbortSignal): Promise<string> {
  const report = `cloud-init status --wait; systemctl --failed --no-pager --plain;
echo root-size $(df -h --output=size / | tail -n 1); echo keys $(cd /etc/ssh && ls ssh_host_*_key);
test -d /sys/firmware/efi && echo firmware uefi || echo firmware bios; systemctl poweroff`;
  const unit = `[Unit]
After=multi-user.target serial-getty@ttyS0.service cloud-final.service
[Service]
StandardOutput=file:/dev/ttyS0
ExecStart=/bin/sh -c '${report.replaceAll('\n', ' ')}'
`;
  const userData = {
    write_files: [{ path: '/etc/systemd/system/report.service', content: unit.replaceAll('$', '$$$$') }],
    runcmd: [['systemctl', 'start', '--no-block', 'report.service']],
  };
  writeFileSync(join(own, 'user-data'), `#cloud-config\n${JSON.stringify(userData)}\n`);
  writeFileSync(join(own, 'meta-data'), 'instance-id: probe\nlocal-hostname: probe\n');
  const seed = join(own, 'seed.iso');
  const files = [join(own, 'user-data'), join(own, 'meta-data')];
  await runCommand(['genisoimage', '-quiet', '-V', 'cidata', '-J', '-r', '-o', seed, ...files], { signal });
  return seed;
}
