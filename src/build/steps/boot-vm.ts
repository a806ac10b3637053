/**
 * Uses: the prepared disk.
 * Produces: a running machine with an open shell, its first boot finished.
 * Undoes: ends the machine and everything around it.
 */
import { cloudInitReady } from '../../guest/readiness/cloud-init.ts';
import { installWakeAgent } from '../../guest/wake/install-wake-agent.ts';
import { isGoldsmithError } from '../../model/errors.ts';
import type { VmKernel, VmMemory } from '../../vm/hypervisor.ts';
import { createMemoryFile } from '../../vm/memory-file.ts';
import { directKernel } from '../direct-kernel.ts';
import { openGuestSession, type GuestSession, type GuestSessionOptions } from '../guest-session.ts';
import type { Step, StepContext } from '../step.ts';

export interface BootInput extends Omit<GuestSessionOptions, 'onProgress' | 'kernel' | 'memory'> {
  /** A raw disk like the machine's: its kernel is started without firmware and boot loader, where it can be found. */
  readonly kernelFrom?: string;
  /** Checkpoints will be kept of the machine. */
  readonly freezable?: boolean;
  /** What stands in for a real machine, if anything does. */
  readonly openSession?: typeof openGuestSession;
}

/** Boots the build VM, or a validation VM under another id. */
export function bootStep(id: string, title: string): Step<BootInput, GuestSession> {
  return {
    id,
    title,
    async run(input, context) {
      const { openSession = openGuestSession } = input;
      const isReal = openSession === openGuestSession;
      const kernel = isReal ? await chooseKernel(input, context) : undefined;
      const memory = input.freezable === true && isReal ? memoryOf(input) : undefined;
      const session = await openSession(
        { ...input, kernel, memory, onProgress: (line) => context.output('out', line) },
        context.signal,
      );
      try {
        const outcome = await session.watch.guard(context.signal, async (signal) =>
          cloudInitReady(session.shell, signal),
        );
        for (const warning of outcome.warnings) context.warn(warning);
        if (input.freezable !== true) return session;
        return { ...session, freezable: !isReal || (await makeFreezable(session, context)) };
      } catch (error) {
        await session[Symbol.asyncDispose]();
        throw error;
      }
    },
    undo: async (session) => session[Symbol.asyncDispose](),
  };
}

function memoryOf({ machine, workDir, user }: BootInput): VmMemory {
  return {
    mode: 'shared',
    file: createMemoryFile({ sizeBytes: machine.memoryBytes, folder: workDir, user }),
  };
}

/** A guest that cannot be told who it is when it wakes up is not frozen; it can be built all the same. */
async function makeFreezable({ shell, watch }: GuestSession, context: StepContext): Promise<boolean> {
  try {
    await watch.guard(context.signal, async (signal) => installWakeAgent(shell, signal));
    return true;
  } catch (error) {
    if (context.signal.aborted || !isGoldsmithError(error, 'GuestUnreachable')) throw error;
    context.warn(`This build keeps no checkpoints: ${error.message}`);
    return false;
  }
}

async function chooseKernel(input: BootInput, context: StepContext): Promise<VmKernel | undefined> {
  const { kernelFrom, machine, user, workDir } = input;
  const found =
    kernelFrom === undefined
      ? undefined
      : await directKernel(kernelFrom, machine.accelerator, {
          folder: workDir,
          user,
          signal: context.signal,
        });
  context.output(
    'out',
    found === undefined
      ? 'The machine boots from its disk'
      : `The machine is started with the kernel of its disk, ${found.name}`,
  );
  return found?.kernel;
}
