/**
 * A machine frozen where its build failed: memory, devices and disk stay in the run's folder, nothing runs.
 * `thaw` wakes a copy of it, as often as wanted; the frozen machine itself never changes.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { readJsonIfExists, writeFileAtomic } from '../host/atomic-file.ts';
import type { BuildUser } from '../host/build-user.ts';
import { GoldsmithError } from '../model/errors.ts';
import type { Hypervisor } from '../vm/hypervisor.ts';
import { openSession, type GuestSession } from './guest-session.ts';
import type { RunFolder } from './run-folder.ts';
import { wakeGuest } from './start-guest.ts';

/** A woken machine was running when it was frozen; its SSH server answers as soon as its CPUs run. */
const LOGIN_TIMEOUT_MS = 5 * 60_000;
const LOGIN_HINT =
  'Its state may be damaged. What it printed before it was frozen is in the console log of the run.';

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
  kernel: z.object({ path: z.string(), initrdPath: z.string(), commandLine: z.string() }).optional(),
  key: z.object({ publicKey: z.string(), privateKey: z.string() }),
});

/**
 * Freezes the session's machine into `folder.kept`. The work folder must stay with it: the disk is there, and the
 * kernel that it was started from.
 * @throws GoldsmithError `CommandFailed`, `Cancelled`.
 */
export async function keepMachine(
  session: GuestSession,
  folder: RunFolder,
  signal: AbortSignal,
): Promise<void> {
  mkdirSync(folder.kept, { recursive: true, mode: 0o700 });
  await session.vm.saveState(statePath(folder), signal);
  const { machine, discs, kernel, key, vm } = session;
  const disk = { path: vm.disk.path, format: vm.disk.format };
  writeFileAtomic(describePath(folder), JSON.stringify({ machine, disk, discs, kernel, key }), 0o600);
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
  const { machine, disk, discs, kernel, key } = kept.data;
  const { folder, hypervisor, user, workDir } = options;
  const guest = await wakeGuest(
    {
      ...{ machine, key, discs, kernel, hypervisor, user, workDir },
      disk: { ...disk, ephemeral: true },
      statePath: statePath(folder),
    },
    signal,
  );
  const session = await openSession(guest, { timeoutMs: LOGIN_TIMEOUT_MS, hint: LOGIN_HINT }, signal);
  try {
    await setClock(session, signal);
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

/** The guest's clock stood still while it was frozen. */
async function setClock({ shell, watch }: GuestSession, signal: AbortSignal): Promise<void> {
  await watch.guard(signal, async (either) =>
    shell.exec(`sudo date -u -s @${Math.floor(Date.now() / 1000)}`, { signal: either }),
  );
}

function statePath(folder: RunFolder): string {
  return join(folder.kept, 'state.zst');
}

function describePath(folder: RunFolder): string {
  return join(folder.kept, 'machine.json');
}
