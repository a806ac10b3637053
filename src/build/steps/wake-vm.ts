/**
 * Uses: a checkpoint of an earlier build.
 * Produces: a private copy of its machine with an open shell; undefined when none could be had, for whatever reason:
 * the build then starts from further back.
 * Undoes: ends the machine and everything around it.
 */
import { isGoldsmithError } from '../../model/errors.ts';
import { formatDuration } from '../../model/sizes.ts';
import { wakeCheckpoint, type WakeCheckpointOptions } from '../checkpoints/wake-checkpoint.ts';
import type { GuestSession } from '../guest-session.ts';
import type { Step } from '../step.ts';

export interface WakeInput extends Omit<WakeCheckpointOptions, 'onProgress'> {
  readonly now: () => number;
  /** What stands in for a real machine, if anything does. */
  readonly wakeSession?: typeof wakeCheckpoint;
}

export const wakeStep: Step<WakeInput, GuestSession | undefined> = {
  id: 'wake',
  title: 'Wake the build VM',
  async run(input, context) {
    const { wakeSession = wakeCheckpoint, entry, now, store } = input;
    const age = formatDuration(now() - entry.createdAtMs);
    context.output('out', `A copy of the machine kept after "${entry.title}", ${age} ago`);
    try {
      return await wakeSession(
        { ...input, onProgress: (line) => context.output('out', line) },
        context.signal,
      );
    } catch (error) {
      if (context.signal.aborted || !isGoldsmithError(error)) throw error;
      context.warn(`The machine kept after "${entry.title}" is of no use any more: ${error.message}`);
      if (isGoldsmithError(error, 'GuestUnreachable', 'VmStartFailed', 'VmDied', 'GuestPanicked')) {
        await store.drop(entry.key, { signal: context.signal });
      }
      return undefined;
    }
  },
  undo: async (session) => session?.[Symbol.asyncDispose](),
};
