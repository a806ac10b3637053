/** Builds that start in the middle, with real machines: what comes out, and what copies of one machine share. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { giveToBuildUser } from '../host/build-user.ts';
import type { ImageTemplate } from '../model/image-template.ts';
import type { RunRecord } from '../model/run.ts';
import { GIB } from '../model/sizes.ts';
import type { ReusePolicy } from './build-options.ts';
import { readMachine } from './checkpoints/checkpoint-machine.ts';
import { wakeCheckpoint, type WakeCheckpointOptions } from './checkpoints/wake-checkpoint.ts';
import type { GuestSession } from './guest-session.ts';
import { readDiskTree } from './testing/disk-tree.ts';
import { openTestHost, type TestHost } from './testing/test-host.ts';
import { debian12, inlineShell, testTemplate } from './testing/test-template.ts';

const signal = AbortSignal.timeout(40 * 60_000);
const reuse: ReusePolicy = { fresh: false, maxStepAgeMs: 3_600_000 };
const fromScratch: ReusePolicy = { fresh: true, maxStepAgeMs: 0 };
let bench: TestHost;

before(async () => {
  bench = await openTestHost({ checkpoints: true });
});

after(async () => {
  await bench[Symbol.asyncDispose]();
});

function template(lastWords: string): ImageTemplate {
  return testTemplate('instant', {
    source: debian12('12-gen2'),
    customize: [
      inlineShell(
        'install',
        'sudo apt-get update -q',
        'sudo apt-get install -qy tree',
        'sudo useradd --system --create-home keeper',
        'echo data | sudo tee /home/keeper/data',
        'sudo chown keeper:keeper /home/keeper/data && sudo chmod 640 /home/keeper/data',
        'sudo cp --preserve=xattr /usr/bin/ping /opt/ping',
        'sudo rm -rf /usr/share/doc/tree',
      ),
      inlineShell('words', `echo ${lastWords} | sudo tee /etc/words`),
    ],
  });
}

/**
 * Where two builds of one template may differ, however they were made: logs with times of day, and caches that hold times
 * or inode numbers: the dynamic linker's and apt's. docs/reference/cache.md has the same list.
 */
const MAY_DIFFER = [
  /^\/var\/log\/(?:apt|dpkg\.log|alternatives\.log|lastlog|wtmp|btmp|faillog|unattended-upgrades)/,
  /^\/var\/cache\/ldconfig\/aux-cache$/,
  /^\/var\/cache\/apt\/(?:src)?pkgcache\.bin$/,
];

function tree(record: RunRecord): ReturnType<typeof readDiskTree> {
  const [vhd] = record.artifacts;
  assert.ok(vhd !== undefined, record.message);
  return readDiskTree(vhd.path, vhd.virtualSizeBytes);
}

test('an image that was built from a checkpoint equals the one that was built from its source', async () => {
  const first = await bench.build(template('before'), { reuse });
  assert.equal(first.record.state, 'Succeeded', first.record.message);
  assert.deepEqual(first.record.warnings, []);

  const fromCheckpoint = await bench.build(template('after'), {
    reuse,
    outputFolder: join(bench.folder, 'a'),
  });
  assert.deepEqual(
    fromCheckpoint.record.steps.map(({ id, state }) => `${id} ${state}`).slice(2, 5),
    ['wake succeeded', 'customize[0] skipped', 'customize[1] succeeded'],
    fromCheckpoint.record.message,
  );
  const again = await bench.build(template('after'), { reuse, outputFolder: join(bench.folder, 'b') });
  assert.equal(again.record.artifacts[0]?.digest, fromCheckpoint.record.artifacts[0]?.digest);
  assert.ok(again.record.steps.every(({ id }) => id !== 'wake' && id !== 'boot'));

  const cold = await bench.build(template('after'), {
    reuse: fromScratch,
    outputFolder: join(bench.folder, 'c'),
  });
  const [one, other] = [await tree(fromCheckpoint.record), await tree(cold.record)];
  assert.ok(one.size > 10_000);
  const paths = new Set([...one.keys(), ...other.keys()]);
  const differing = [...paths]
    .filter((path) => one.get(path) !== other.get(path))
    .filter((path) => !MAY_DIFFER.some((pattern) => pattern.test(path)))
    .map((path) => `${path}: ${one.get(path) ?? 'missing'} | ${other.get(path) ?? 'missing'}`);
  assert.deepEqual(differing, []);
});

/** One line each; every value must be another one in another machine. */
const IDENTITY_SCRIPT = String.raw`
for name in boot_id:/proc/sys/kernel/random/boot_id machine_id:/etc/machine-id uuid:/sys/class/dmi/id/product_uuid mac:/sys/class/net/eth0/address; do
  echo "$(echo $name | cut -d: -f1) $(sudo cat $(echo $name | cut -d: -f2))"
done
echo "host_name $(hostname)"
for key in /etc/ssh/ssh_host_*_key.pub; do echo "$(basename $key) $(cut -d' ' -f2 $key)"; done
echo "build_key $(cut -d' ' -f2 ~/.ssh/authorized_keys)"
echo "link_local $(ip -6 -o addr show dev eth0 scope link | tr -s ' ' | cut -d' ' -f4)"
echo "urandom $(od -An -N16 -tx1 /dev/urandom | tr -d ' ')"
echo "getrandom $(python3 -c 'import os; print(os.getrandom(16).hex())')"
echo "uuidgen $(cat /proc/sys/kernel/random/uuid)"
`;

test('copies of one machine share no secret and no name, and know what time it is', async () => {
  const source = await bench.baseImage(debian12('12-gen2'));
  // other tests keep machines in the same home
  const kept = (await bench.host.checkpoints?.list()) ?? [];
  const entry = kept.findLast(({ kind, base }) => kind === 'boot' && base === source.digest);
  assert.ok(entry !== undefined && bench.host.checkpoints !== undefined);
  await using owned = new AsyncDisposableStack();
  const options = (name: string, memory: WakeCheckpointOptions['memory']): WakeCheckpointOptions => {
    const workDir = mkdtempSync(join(bench.host.home.runs, 'test-wake-'));
    owned.defer(() => rmSync(workDir, { recursive: true, force: true }));
    giveToBuildUser(bench.host.user, workDir);
    mkdirSync(join(workDir, 'unused'));
    return {
      ...{
        store: bench.host.checkpoints ?? assert.fail(),
        entry,
        basePath: source.path,
        name,
        memory,
        workDir,
      },
      ...{ user: bench.host.user, location: 'westeurope' },
      hypervisor: bench.host.createHypervisor(() => undefined),
    };
  };
  const waking = [options('one', 'shared'), options('two', 'private')].map(async (machine) =>
    owned.use(await wakeCheckpoint(machine, signal)),
  );
  await Promise.allSettled(waking); // one that fails must not leave the other running
  const sessions = await Promise.all(waking);
  const [one, two] = await Promise.all(sessions.map(identityOf));
  assert.ok(one !== undefined && two !== undefined);
  assert.ok(one.size >= 10, [...one.keys()].join(' '));
  assert.deepEqual([...one.keys()], [...two.keys()]);
  for (const [name, value] of one) {
    assert.notEqual(value, '', name);
    assert.notEqual(value, two.get(name), `both have the same ${name}`);
  }
  const frozen = readMachine(entry)?.machine.address;
  for (const session of sessions) {
    const { address } = session.machine;
    assert.notEqual(address, frozen);
    assert.match(
      await run(session, 'ip -4 -o addr show dev eth0'),
      new RegExp(`^[^\n]* inet ${address}/24 [^\n]*$`),
    );
    const routes = ['default', '168.63.129.16', '169.254.169.254'];
    for (const to of routes)
      assert.match(await run(session, `ip route show ${to}`), new RegExp(` src ${address} `), to);
    const seconds = Number(await run(session, 'date +%s'));
    assert.ok(Math.abs(Date.now() / 1000 - seconds) < 60, `the clock says ${seconds}`);
    assert.equal(
      await run(session, `sudo df --output=size -B1 / | tail -1 | awk '{print ($1 > ${GIB})}'`),
      '1',
    );
  }
});

async function identityOf(session: GuestSession): Promise<ReadonlyMap<string, string>> {
  const lines = (await run(session, IDENTITY_SCRIPT)).split('\n');
  return new Map(
    lines.map((line): [string, string] => [line.split(' ')[0] ?? '', line.split(' ').slice(1).join(' ')]),
  );
}

async function run({ shell }: GuestSession, command: string): Promise<string> {
  let output = '';
  const onOutput = (_: string, chunk: Buffer): void => {
    output += chunk.toString();
  };
  const { exitCode } = await shell.exec(command, { signal, onOutput });
  assert.equal(exitCode, 0, output);
  return output.trim();
}
