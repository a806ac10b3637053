/**
 * What a run of the service may use of earlier ones. Azure promises that each run picks up the newest patches, so
 * customizers run again unless somebody says otherwise: for a template with a tag, for one run with a header.
 */
import type { ReusePolicy } from '../build/build-options.ts';
import { parseAge } from '../model/parse-age.ts';

/** Tag of an image template. */
export const REUSE_TAG = 'goldsmith-reuse';
/** Header of the request that starts a run; it goes before the tag. */
export const REUSE_HEADER = 'x-goldsmith-reuse';

const DAY_MS = 86_400_000;

/** What both may say. */
export const REUSE_WORDS =
  '"off", "on" (results up to 24 hours old), a time such as "2h" or "7d", or "resume" (of any age)';

/** The oldest result of a customizer that is used, milliseconds; undefined when the text says nothing of the kind. */
export function parseReuse(text: string): number | undefined {
  const word = text.trim().toLowerCase();
  if (word === 'off') return 0;
  if (word === 'on') return DAY_MS;
  // JSON knows no infinity: a thousand years will do
  if (word === 'resume') return 1000 * 365 * DAY_MS;
  return parseAge(word);
}

/**
 * The policy of one attempt at a run. What earlier attempts at the same run have done counts whatever was said: a worker
 * that takes over goes on where the other one died.
 */
export function reusePolicyOf(run: {
  readonly tags: Readonly<Record<string, string>>;
  /** Of the header, already parsed. */
  readonly maxStepAgeMs: number | undefined;
  readonly requestedAtMs: number;
}): ReusePolicy {
  const tag = Object.entries(run.tags).find(([name]) => name.toLowerCase() === REUSE_TAG)?.[1];
  const maxStepAgeMs = run.maxStepAgeMs ?? (tag === undefined ? 0 : (parseReuse(tag) ?? 0));
  return { fresh: false, maxStepAgeMs, sinceMs: run.requestedAtMs };
}
