/**
 * A machine frozen where its build failed: memory, devices and disk stay in the run's folder, nothing runs.
 * `thaw` wakes a copy of it, as often as wanted; the frozen machine itself never changes.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { readJsonIfExists, writeFileAtomic } from '../host/atomic-file.ts';
import type { BuildUser } from '../host/build-user.ts';
import { connectSsh } from '../guest/ssh/connect.ts';
import { GoldsmithError } from '../model/errors.ts';
import type { Hypervisor } from '../vm/hypervisor.ts';
import { createUserNetwork } from '../vm/network/user-network.ts';
import { machineEndError } from '../vm/qemu/qemu-machine.ts';
import { machineSpec, type GuestSession } from './guest-session.ts';
import type { RunFolder } from './run-folder.ts';
import { Watch } from './watch.ts';

const keptMachineSchema = z.object({
  machine: z.object({
    name: z.string(),
    vmId: z.string(),
    macAddress: z.string(),
    hostName: z.string(),
    userName: z.string(),
    generation: z.enum(['V1', 'V2']),
    vmSize: z.string(),
    cpus: z.number(),
    memoryBytes: z.number(),
    accelerator: z.enum(['kvm', 'tcg']),
    cpuModel: z.string(),
    provisioning: z.enum(['azure', 'nocloud']),
  }),
  disk: z.object({ path: z.string(), format: z.enum(['raw', 'qcow2', 'vpc', 'vhdx', 'vmdk']) }),
  discs: z.array(z.string()),
  key: z.object({ publicKey: z.string(), privateKey: z.string() }),
});

/**
 * Freezes the session's machine into `folder.kept`. The work folder must stay with it: the disk is there.
 * @throws GoldsmithError `CommandFailed`, `Cancelled`.
 */
export async function keepMachine(
  session: GuestSession,
  folder: RunFolder,
  signal: AbortSignal,
): Promise<void> {
  mkdirSync(folder.kept, { recursive: true, mode: 0o700 });
  await session.vm.saveState(statePath(folder), signal);
  const { machine, discs, key, vm } = session;
  const disk = { path: vm.disk.path, format: vm.disk.format };
  writeFileAtomic(describePath(folder), JSON.stringify({ machine, disk, discs, key }), 0o600);
}

/** True when the run has a frozen machine. */
export function hasKeptMachine(folder: RunFolder): boolean {
  return existsSync(describePath(folder));
}

export interface ThawOptions {
  readonly folder: RunFolder;
  readonly hypervisor: Hypervisor;
  readonly user: BuildUser;
  /** Private folder for the copy's small files; must exist and belong to the build user. */
  readonly workDir: string;
}

/**
 * Wakes a copy of the frozen machine and logs in.
 * @throws GoldsmithError `SourceNotFound` when the run has none, `VmStartFailed`, `GuestUnreachable`.
 */
export async function thawMachine(options: ThawOptions, signal: AbortSignal): Promise<GuestSession> {
  const kept = keptMachineSchema.safeParse(readJsonIfExists(describePath(options.folder)));
  if (!kept.success) {
    throw new GoldsmithError('SourceNotFound', 'This run has no kept machine', {
      hint: 'Only a build that failed with --keep-on-error, or with errorHandling "abort", keeps one.',
    });
  }
  const { machine, disk, discs, key } = kept.data;
  await using owned = new AsyncDisposableStack();
  const watch = new Watch();
  const { user, hypervisor } = options;
  const { macAddress, hostName } = machine;
  const network = owned.use(await createUserNetwork({ macAddress, hostName, services: [], user }, signal));
  const spec = machineSpec(machine, { ...disk, ephemeral: true }, discs, network, options.workDir);
  const vm = owned.use(await hypervisor.restore(spec, statePath(options.folder), signal));
  void vm.ended.then((end) => watch.lose(machineEndError(end)));
  void network.failed.then((error) => watch.lose(error));
  const shell = owned.use(
    await watch.guard(signal, async (either) => {
      const stream = await network.waitForPort(22, either);
      return connectSsh({ stream, userName: machine.userName, privateKey: key.privateKey, signal: either });
    }),
  );
  await setClock(shell, signal);
  const stack = owned.move();
  return { machine, key, discs, vm, shell, watch, [Symbol.asyncDispose]: async () => stack.disposeAsync() };
}

/** The guest's clock stood still while it was frozen. */
async function setClock(shell: GuestSession['shell'], signal: AbortSignal): Promise<void> {
  await shell.exec(`sudo date -u -s @${Math.floor(Date.now() / 1000)}`, { signal });
}

function statePath(folder: RunFolder): string {
  return join(folder.kept, 'state.zst');
}

function describePath(folder: RunFolder): string {
  return join(folder.kept, 'machine.json');
}
