/** Whether claimed bytes are still those that were published. */
import { isGoldsmithError } from '../../model/errors.ts';
import type { ClaimedCheckpoint, HeldFile } from './claim.ts';
import { dropEntries } from './evict.ts';
import { hasDigest } from './file-digest.ts';
import type { CheckpointLayout } from './layout.ts';

export type Verdict =
  | { readonly sound: true }
  /** `problem` is one sentence for a log. The entry, and all that lies on it, is gone from the store. */
  | { readonly sound: false; readonly problem: string };

/**
 * Reads every claimed file, all of them side by side, and removes from the store what differs.
 * @throws GoldsmithError `Cancelled`.
 */
export async function verifyClaim(
  layout: CheckpointLayout,
  claimed: ClaimedCheckpoint,
  options: { readonly nowMs: number; readonly signal: AbortSignal },
): Promise<Verdict> {
  const { signal } = options;
  const spoilt = await Promise.all(
    claimed.held.map(async (held) => ((await isSound(held, signal)) ? undefined : held)),
  );
  // Held files come base-most first, and removing the lowest takes all others along.
  const lowest = spoilt.find((held) => held !== undefined);
  if (lowest === undefined) return { sound: true };
  const { owner, file } = lowest;
  await dropEntries(layout, owner, options);
  return { sound: false, problem: `The file "${file.name}" of checkpoint "${owner.title}" was damaged` };
}

async function isSound({ path, file }: HeldFile, signal: AbortSignal): Promise<boolean> {
  try {
    return await hasDigest(path, file, signal);
  } catch (error) {
    if (isGoldsmithError(error, 'Cancelled')) throw error;
    return false; // shorter than it was, or not readable
  }
}
