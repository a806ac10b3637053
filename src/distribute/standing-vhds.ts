/** Results of an earlier build that stand already where this one would put the same bytes. */
import { allocatedSizeBytes } from '../disk/allocated-size.ts';
import { isGoldsmithError } from '../model/errors.ts';
import type { Target, VhdTarget } from '../model/image-template.ts';
import type { ImageFacts } from '../model/image.ts';
import type { Artifact } from '../model/run.ts';
import { isVhdOf } from './targets/vhd/is-vhd-of.ts';
import { placeOf, vhdArtifact } from './targets/vhd/vhd-target.ts';

/** A target whose result is there already, and what is to be said of it. */
export interface StandingResult {
  readonly artifact: Artifact;
  readonly warnings: readonly string[];
}

export interface StandingQuestion {
  readonly targets: readonly Target[];
  readonly outputFolder: string;
  readonly disk: Pick<ImageFacts, 'virtualSizeBytes' | 'digest'>;
  readonly signal: AbortSignal;
}

/**
 * What all targets would make of `disk`, when each is a VHD that is in its place, whole and unchanged: then nobody needs
 * the disk itself. Undefined otherwise.
 * @throws GoldsmithError `Cancelled`.
 */
export async function standingVhds(
  question: StandingQuestion,
): Promise<readonly StandingResult[] | undefined> {
  const { targets, outputFolder, disk, signal } = question;
  const results: StandingResult[] = [];
  const paths = new Set<string>();
  for (const target of targets) {
    if (target.type !== 'VHD') return undefined;
    const place = placeIfAny(target, outputFolder);
    if (place === undefined) return undefined;
    const { path, warnings } = place;
    if (paths.has(path) || !(await isVhdOf(path, disk, signal))) return undefined;
    paths.add(path);
    const facts = { ...disk, path, allocatedSizeBytes: await allocatedSizeBytes(path) };
    results.push({ artifact: vhdArtifact(target, facts), warnings });
  }
  return results;
}

/** A bad uri is told by whoever distributes to it: only that target fails. */
function placeIfAny(target: VhdTarget, outputFolder: string): ReturnType<typeof placeOf> | undefined {
  try {
    return placeOf(target, outputFolder);
  } catch (error) {
    if (isGoldsmithError(error, 'DistributeFailed')) return undefined;
    throw error;
  }
}
