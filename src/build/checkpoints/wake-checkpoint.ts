/** From a checkpoint to a machine that answers: a private copy with an identity of its own. */
import { join } from 'node:path';
import { createLayer } from '../../disk/layers/create-layer.ts';
import { generateSshKeyPair } from '../../guest/ssh/key-pair.ts';
import { isOneOf } from '../../guest/wake/host-keys.ts';
import { wakeGuest as renewIdentity } from '../../guest/wake/wake-guest.ts';
import { unmetFacts } from '../../guest/wake/wake-report.ts';
import { newWakeRequest, type WakeRequest } from '../../guest/wake/wake-request.ts';
import { GoldsmithError } from '../../model/errors.ts';
import type { VmKernel, VmMemory } from '../../vm/hypervisor.ts';
import { createMemoryFile, fillMemory } from '../../vm/memory-file.ts';
import { openSession, type GuestSession, type GuestSessionOptions } from '../guest-session.ts';
import { newIdentity, type MachineDescription } from '../machine-description.ts';
import { wakeGuest, type StartedGuest } from '../start-guest.ts';
import { checkpointFiles, discFile, readMachine, type CheckpointMachine } from './checkpoint-machine.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { ClaimedCheckpoint } from './claim.ts';
import type { CheckpointEntry } from './read-entries.ts';

export interface WakeCheckpointOptions extends Pick<
  GuestSessionOptions,
  'hypervisor' | 'user' | 'workDir' | 'location'
> {
  readonly store: CheckpointStore;
  readonly entry: CheckpointEntry;
  /** The source image's raw disk, which the layers lie on. */
  readonly basePath: string;
  /** Name of the new machine. */
  readonly name: string;
  /** `shared`: it can be frozen again. `private`: quicker, and nothing of it is kept. */
  readonly memory: VmMemory['mode'];
  readonly consoleLog?: string;
  readonly onProgress?: (line: string) => void;
}

/** Waking takes about a second; a guest that has not answered after this is not going to. */
const WAKE_TIMEOUT_MS = 60_000;
const HINT = 'Run `./goldsmith cache prune --all` to begin with a new machine.';

/**
 * Wakes a copy and logs in to it. Its files are read through and compared before anybody uses it.
 * @throws GoldsmithError `SourceInvalid` when the checkpoint is gone or damaged, `GuestUnreachable` when the copy
 *   does not take its new identity, `VmStartFailed`, `VmDied`, `Cancelled`.
 */
export async function wakeCheckpoint(
  options: WakeCheckpointOptions,
  signal: AbortSignal,
): Promise<GuestSession> {
  const { store, entry } = options;
  const facts = readMachine(entry);
  if (facts === undefined) throw gone('was kept by another version');
  const claimed = await store.claim(entry, join(options.workDir, 'claimed'), {
    files: [...Object.values(checkpointFiles), ...discNames(facts)],
    signal,
  });
  if (claimed === undefined) throw gone('has just been removed');
  const settled = new AbortController();
  const verdict = store.verify(claimed, { signal: AbortSignal.any([signal, settled.signal]) });
  verdict.catch(() => undefined); // it is asked for below, unless waking fails first
  try {
    const session = await wakeClaimed(options, facts, claimed, signal);
    try {
      const checked = await verdict;
      if (!checked.sound) throw gone(`is not as it was kept: ${checked.problem}`);
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  } finally {
    settled.abort();
  }
}

async function wakeClaimed(
  options: WakeCheckpointOptions,
  facts: CheckpointMachine,
  claimed: ClaimedCheckpoint,
  signal: AbortSignal,
): Promise<GuestSession> {
  const { workDir, user } = options;
  const machine: MachineDescription = {
    ...facts.machine,
    ...newIdentity(options.name, facts.machine.address),
  };
  const key = generateSshKeyPair();
  const layer = join(workDir, 'layer-0.qcow2');
  const { memory, filled } = memoryOf(options, facts, fileOf(claimed, checkpointFiles.memory), signal);
  const filesReady = Promise.all([filled, createLayer(layer, facts.diskBytes, { user, signal })]);
  filesReady.catch(() => undefined); // whoever starts the machine waits for them
  const { hypervisor, location, basePath, consoleLog, onProgress } = options;
  const guest = await wakeGuest(
    {
      ...{ machine, key, memory, filesReady, hypervisor, user, workDir, location },
      disk: {
        ...{ path: layer, format: 'qcow2', ephemeral: false },
        below: [
          { path: basePath, format: 'raw' },
          ...claimed.disks.map((path) => ({ path, format: 'qcow2' as const })),
        ],
      },
      discs: discNames(facts).map((name) => fileOf(claimed, name)),
      kernel: kernelOf(facts, claimed),
      statePath: fileOf(claimed, checkpointFiles.state),
      ...(consoleLog === undefined ? {} : { consoleLog }),
      ...(onProgress === undefined ? {} : { onProgress }),
    },
    signal,
  );
  try {
    const { vmId, hostName, macAddress, address, userName } = machine;
    const request = newWakeRequest({
      ...{ vmId, hostName, macAddress, address, userName, sshPublicKey: key.publicKey, now: Date.now },
    });
    await renew(guest, request, signal);
    const login = { timeoutMs: WAKE_TIMEOUT_MS, hint: HINT, hostKey: isOneOf(request.hostKeys) };
    return { ...(await openSession(guest, login, signal)), freezable: options.memory === 'shared' };
  } catch (error) {
    await guest[Symbol.asyncDispose]();
    throw error;
  }
}

/** Nothing may be done with the copy before it is somebody else than the machine that was frozen. */
async function renew({ vm, watch }: StartedGuest, request: WakeRequest, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(WAKE_TIMEOUT_MS)]);
  const report = await watch.guard(limit, async (either) => renewIdentity(vm.control, request, either));
  const unmet = unmetFacts(report);
  if (unmet.length === 0) return;
  throw new GoldsmithError(
    'GuestUnreachable',
    `The copy could not become a machine of its own: ${unmet.map(({ name, detail }) => `${name} (${detail})`).join(', ')}`,
  );
}

function memoryOf(
  { memory: mode, workDir, user }: WakeCheckpointOptions,
  { machine }: CheckpointMachine,
  path: string,
  signal: AbortSignal,
): { readonly memory: VmMemory; readonly filled?: Promise<void> } {
  if (mode === 'private') return { memory: { mode, path } };
  const file = createMemoryFile({ sizeBytes: machine.memoryBytes, folder: workDir, user });
  return { memory: { mode, file }, filled: fillMemory(file, path, signal) };
}

function kernelOf({ kernelParameters }: CheckpointMachine, claimed: ClaimedCheckpoint): VmKernel | undefined {
  if (kernelParameters === undefined) return undefined;
  return {
    path: fileOf(claimed, checkpointFiles.kernel),
    initrdPath: fileOf(claimed, checkpointFiles.initrd),
    commandLine: kernelParameters,
  };
}

function discNames({ discCount }: CheckpointMachine): readonly string[] {
  return Array.from({ length: discCount }, (_, index) => discFile(index));
}

function fileOf(claimed: ClaimedCheckpoint, name: string): string {
  const path = claimed.files.get(name);
  if (path === undefined) throw gone(`has no file "${name}"`);
  return path;
}

function gone(why: string): GoldsmithError {
  return new GoldsmithError('SourceInvalid', `The checkpoint ${why}`);
}
