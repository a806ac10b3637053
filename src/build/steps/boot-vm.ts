/**
 * Uses: the prepared disk.
 * Produces: a running machine with an open shell, its first boot finished.
 * Undoes: ends the machine and everything around it.
 */
import { cloudInitReady } from '../../guest/readiness/cloud-init.ts';
import type { VmKernel } from '../../vm/hypervisor.ts';
import { directKernel } from '../direct-kernel.ts';
import { openGuestSession, type GuestSession, type GuestSessionOptions } from '../guest-session.ts';
import type { Step, StepContext } from '../step.ts';

export interface BootInput extends Omit<GuestSessionOptions, 'onProgress' | 'kernel'> {
  /** Start the disk's own kernel without firmware and boot loader, where it can be found. Default false. */
  readonly directKernel?: boolean;
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
      const session = await openSession(
        { ...input, kernel, onProgress: (line) => context.output('out', line) },
        context.signal,
      );
      try {
        const outcome = await session.watch.guard(context.signal, async (signal) =>
          cloudInitReady(session.shell, signal),
        );
        for (const warning of outcome.warnings) context.warn(warning);
        return session;
      } catch (error) {
        await session[Symbol.asyncDispose]();
        throw error;
      }
    },
    undo: async (session) => session[Symbol.asyncDispose](),
  };
}

async function chooseKernel(input: BootInput, context: StepContext): Promise<VmKernel | undefined> {
  const { disk, machine, user, workDir } = input;
  const found =
    input.directKernel === true && disk.format === 'raw'
      ? await directKernel(disk.path, machine.accelerator, { folder: workDir, user, signal: context.signal })
      : undefined;
  context.output(
    'out',
    found === undefined
      ? 'The machine boots from its disk'
      : `The machine is started with the kernel of its disk, ${found.name}`,
  );
  return found?.kernel;
}
