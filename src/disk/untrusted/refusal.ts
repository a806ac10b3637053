/** Saying no to a file that somebody brought. */
import { GoldsmithError } from '../../model/errors.ts';

/** The error for an upload that is not taken. `reason` is one sentence the uploader can act on. */
export function refusal(reason: string, cause?: unknown): GoldsmithError {
  return new GoldsmithError('ImageRefused', reason, { cause });
}

/**
 * A 64-bit number out of a header as a JavaScript number.
 * @throws GoldsmithError `ImageRefused` when it is too large to be a size or offset of anything real.
 */
export function headerNumber(value: bigint, what: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw refusal(`The ${what} in the image header is absurd`);
  return Number(value);
}
