/**
 * Uses: the prepared disk.
 * Produces: a running machine with an open shell, its first boot finished.
 * Undoes: ends the machine and everything around it.
 */
import { cloudInitReady } from '../../guest/readiness/cloud-init.ts';
import { openGuestSession, type GuestSession, type GuestSessionOptions } from '../guest-session.ts';
import type { Step } from '../step.ts';

export type BootInput = Omit<GuestSessionOptions, 'onProgress'>;

/** Boots the build VM, or a validation VM under another id. */
export function bootStep(id: string, title: string): Step<BootInput, GuestSession> {
  return {
    id,
    title,
    async run(input, context) {
      const session = await openGuestSession(
        { ...input, onProgress: (line) => context.output('out', line) },
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
