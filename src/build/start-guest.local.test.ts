/** A real network and real provisioning around a machine that the test plays. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { currentBuildUser, giveToBuildUser } from '../host/build-user.ts';
import { isGoldsmithError } from '../model/errors.ts';
import type { Hypervisor, RunningVm, VmEnd, VmSpec } from '../vm/hypervisor.ts';
import { describeMachine } from './machine-description.ts';
import { startGuest, type StartedGuest } from './start-guest.ts';

const signal = AbortSignal.timeout(60_000);
const hint = 'Try again.';

test('a machine that never takes an address is given up in time, with its last words and the advice', async () => {
  await withGuest(async ({ guest }) => {
    await assert.rejects(guest.logIn({ timeoutMs: 50, hint }, signal), (error) => {
      assert.ok(isGoldsmithError(error, 'GuestUnreachable'));
      assert.equal(error.hint, hint);
      assert.deepEqual(error.details, [{ code: 'Console', target: 'test', message: 'GRUB loading' }]);
      return true;
    });
  });
});

test('the end of the machine ends the wait for it', async () => {
  await withGuest(async ({ guest, end }) => {
    const waiting = guest.logIn({ timeoutMs: 60_000, hint }, signal);
    end({ reason: 'panic', detail: 'no init found' });
    await assert.rejects(waiting, (error) => isGoldsmithError(error, 'GuestPanicked'));
    await assert.rejects(guest.dial(80, signal), (error) => isGoldsmithError(error, 'GuestPanicked'));
  });
});

test('the caller who gives up is told so, and not about a machine that is slow', async () => {
  await withGuest(async ({ guest }) => {
    const caller = new AbortController();
    const waiting = guest.logIn({ timeoutMs: 60_000, hint }, caller.signal);
    caller.abort();
    await assert.rejects(waiting, (error) => isGoldsmithError(error, 'Cancelled'));
  });
});

test('the machine finds its disc, its network and its identity, and leaves its console behind', async () => {
  let consoleLog = '';
  await withGuest(async ({ guest, spec, folder }) => {
    consoleLog = join(folder, 'console.log');
    assert.equal(spec.azureIdentity, true);
    assert.equal(spec.network?.macAddress, guest.machine.macAddress);
    assert.deepEqual(spec.discs, guest.discs);
    assert.equal(guest.discs.length, 1);
    await guest[Symbol.asyncDispose]();
    assert.equal(readFileSync(consoleLog, 'utf8'), '== test ==\nGRUB loading\n\n');
  });
});

interface Scene {
  readonly guest: StartedGuest;
  readonly spec: VmSpec;
  readonly folder: string;
  readonly end: (end: VmEnd) => void;
}

async function withGuest(act: (scene: Scene) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'goldsmith-guest-'));
  const user = currentBuildUser();
  giveToBuildUser(user, folder);
  const ended = Promise.withResolvers<VmEnd>();
  const specs: VmSpec[] = [];
  const hypervisor: Hypervisor = {
    start: async (spec) => {
      specs.push(spec);
      return playedVm(spec, ended.promise);
    },
    restore: async () => assert.fail('nothing was saved'),
  };
  const machine = describeMachine('test', {
    ...{ generation: 'V2', vmSize: 'Standard_D1_v2', cpus: 1, memoryBytes: 1 << 30 },
    ...{ accelerator: 'tcg', cpuModel: 'max', provisioning: 'azure' },
  });
  try {
    await using guest = await startGuest(
      {
        ...{ machine, hypervisor, user, workDir: folder, location: 'local' },
        disk: { path: join(folder, 'os.raw'), format: 'raw', ephemeral: false },
        consoleLog: join(folder, 'console.log'),
      },
      signal,
    );
    const [spec] = specs;
    assert.ok(spec !== undefined);
    await act({ guest, spec, folder, end: ended.resolve });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A machine that printed one line and stays silent. */
function playedVm(spec: VmSpec, ended: Promise<VmEnd>): RunningVm {
  return {
    ...{ name: spec.name, pid: process.pid, disk: spec.disk, ended },
    console: {
      text: 'GRUB loading\n',
      onLine: () => () => undefined,
      write: () => undefined,
      stream: new Duplex({ read: () => undefined }),
    },
    waitForPowerOff: async () => undefined,
    control: new Duplex({ read: () => undefined, write: (_, __, done) => done() }),
    saveState: async () => undefined,
    checkpoint: async () => spec.disk,
    kill: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}
