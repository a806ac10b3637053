import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isGoldsmithError } from '../../model/errors.ts';
import { currentBuildUser } from '../build-user.ts';
import { openHome, type Home } from '../home.ts';
import { findProgram } from '../program-path.ts';
import { chooseAccelerator, QEMU_PROGRAM } from './accelerator.ts';
import { kvmDevice } from './kvm-device.ts';
import { runProbe } from './probe-run.ts';

const signal = new AbortController().signal;
const user = currentBuildUser();

async function withHome(use: (home: Home) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'goldsmith-accelerator-'));
  try {
    await use(openHome({ GOLDSMITH_HOME: root }));
  } finally {
    rmSync(root, { recursive: true });
  }
}

function qemu(): string {
  return findProgram(QEMU_PROGRAM) ?? assert.fail('QEMU is not installed');
}

test('the probe guest passes under emulation, goes through firmware and leaves nothing behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'goldsmith-accelerator-'));
  const before = process.env['TMPDIR'];
  try {
    chmodSync(folder, 0o755);
    process.env['TMPDIR'] = folder;
    const outcome = await runProbe('tcg', 'max', { qemu: qemu(), user, signal });
    assert.deepEqual(outcome, { passed: true, because: 'a probe guest ran to its end' });
    assert.deepEqual(readdirSync(folder), []);
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    rmSync(folder, { recursive: true });
  }
});

test('a CPU without the 16-byte exchange fails the probe', async () => {
  const outcome = await runProbe('tcg', 'qemu64,-cx16', { qemu: qemu(), user, signal });
  assert.deepEqual(outcome, {
    passed: false,
    because: 'the guest CPU cannot do a locked 16-byte compare-exchange',
  });
});

test('the verdict is kvm exactly when a guest really runs under KVM', async () => {
  await withHome(async (home) => {
    const verdict = await chooseAccelerator({ home, user, signal, env: {} });
    const really =
      kvmDevice() !== undefined && (await runProbe('kvm', 'host', { qemu: qemu(), user, signal })).passed;
    assert.equal(verdict.accelerator, really ? 'kvm' : 'tcg');
    assert.match(verdict.qemuVersion, /^\d+\.\d+/);
    assert.notEqual(verdict.because, '');
  });
});

test('a verdict is kept until asked anew or damaged', async () => {
  await withHome(async (home) => {
    let clock = 1000;
    const now = (): number => (clock += 1);
    const first = await chooseAccelerator({ home, user, signal, env: {}, now });
    assert.deepEqual(await chooseAccelerator({ home, user, signal, env: {}, now }), first);
    const fresh = await chooseAccelerator({ home, user, signal, env: {}, now, fresh: true });
    assert.ok(fresh.probedAtMs > first.probedAtMs);
    writeFileSync(join(home.cache, 'accelerator.json'), '{"key":');
    const again = await chooseAccelerator({ home, user, signal, env: {}, now });
    assert.ok(again.probedAtMs > fresh.probedAtMs);
  });
});

test('the environment decides over the probe, and only with a known value', async () => {
  await withHome(async (home) => {
    const forced = await chooseAccelerator({ home, user, signal, env: { GOLDSMITH_ACCELERATOR: 'kvm' } });
    assert.equal(forced.accelerator, 'kvm');
    assert.equal(forced.cpuModel, 'host');
    await assert.rejects(
      chooseAccelerator({ home, user, signal, env: { GOLDSMITH_ACCELERATOR: 'xen' } }),
      (error) => isGoldsmithError(error, 'BadUsage'),
    );
  });
});

test('a cancelled probe ends at once with Cancelled', async () => {
  await withHome(async (home) => {
    await assert.rejects(chooseAccelerator({ home, user, signal: AbortSignal.abort(), env: {} }), (error) =>
      isGoldsmithError(error, 'Cancelled'),
    );
  });
});
