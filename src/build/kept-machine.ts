/**
 * A machine frozen where its build failed: memory, devices and disk stay in the run's folder, nothing runs.
 * `thaw` wakes a copy of it, as often as wanted; the frozen machine itself never changes.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { readJsonIfExists, writeFileAtomic } from '../host/atomic-file.ts';
import { giveToBuildUser, type BuildUser } from '../host/build-user.ts';
import { GoldsmithError } from '../model/errors.ts';
import type { Hypervisor } from '../vm/hypervisor.ts';
import { copyMemory } from '../vm/memory-file.ts';
import { openSession, type GuestSession } from './guest-session.ts';
import { machineSchema } from './machine-description.ts';
import type { RunFolder } from './run-folder.ts';
import { wakeGuest } from './start-guest.ts';

/** A woken machine was running when it was frozen; its SSH server answers as soon as its CPUs run. */
const LOGIN_TIMEOUT_MS = 5 * 60_000;
const LOGIN_HINT =
  'Its state may be damaged. What it printed before it was frozen is in the console log of the run.';

const layer = z.object({ path: z.string(), format: z.enum(['raw', 'qcow2']) });

const keptMachineSchema = z.object({
  machine: machineSchema,
  location: z.string(),
  disk: z.object({
    path: z.string(),
    format: z.enum(['raw', 'qcow2', 'vpc', 'vhdx', 'vmdk']),
    below: z.array(layer).exactOptional(),
  }),
  memoryPath: z.string().exactOptional(),
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
  { folder, user }: { readonly folder: RunFolder; readonly user: BuildUser },
  signal: AbortSignal,
): Promise<void> {
  mkdirSync(folder.kept, { recursive: true, mode: 0o700 });
  giveToBuildUser(user, folder.kept);
  await session.vm.saveState(statePath(folder), signal);
  const { machine, location, discs, kernel, key, vm, memory } = session;
  const { path, format, below } = vm.disk;
  const memoryPath = memory?.mode === 'shared' ? join(folder.kept, 'memory') : undefined;
  if (memory?.mode === 'shared' && memoryPath !== undefined) {
    await copyMemory(memory.file, memoryPath, signal);
    giveToBuildUser(user, memoryPath);
  }
  const kept = { machine, location, disk: { path, format, below }, memoryPath, discs, kernel, key };
  writeFileAtomic(describePath(folder), JSON.stringify(kept), 0o600);
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
  const { machine, location, disk, memoryPath, discs, kernel, key } = kept.data;
  const { folder, hypervisor, user, workDir } = options;
  const guest = await wakeGuest(
    {
      ...{ machine, location, key, discs, kernel, hypervisor, user, workDir },
      disk: { ...disk, ephemeral: true },
      ...(memoryPath === undefined ? {} : { memory: { mode: 'private' as const, path: memoryPath } }),
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
  return join(folder.kept, 'state');
}

function describePath(folder: RunFolder): string {
  return join(folder.kept, 'machine.json');
}
