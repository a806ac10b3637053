/** Hands the one result of a build to all targets and copies; nothing is built twice. */
import { resolve } from 'node:path';
import { GoldsmithError, isGoldsmithError } from '../model/errors.ts';
import type { Target } from '../model/image-template.ts';
import type { ImageFacts } from '../model/image.ts';
import type { Artifact, DiskFormat } from '../model/run.ts';
import { alreadyPublished } from './already-published.ts';
import type { StandingResult } from './standing-vhds.ts';
import type { DistributionContext } from './target-context.ts';
import { distributeTo } from './targets.ts';
import { writeCopyTo } from './write-copies.ts';

export interface DistributeRequest extends DistributionContext {
  /** The frozen raw disk. */
  readonly disk: ImageFacts;
  readonly targets: readonly Target[];
  /** Formats of extra copies in the output folder. */
  readonly copies: readonly DiskFormat[];
  /** The disk is not needed afterwards: the last target may take the file itself. */
  readonly consume: boolean;
  /** What the run that is resumed has published: targets whose artifact is still there are left alone. */
  readonly published?: readonly Artifact[];
  /** What was found to be in its place, of this very disk: it is left alone. */
  readonly standing?: readonly StandingResult[];
  readonly onTargetStarted?: (runOutputName: string) => void;
  readonly onTargetEnded?: (result: TargetResult) => void;
}

/** How one target or copy ended. */
export type TargetResult =
  | {
      readonly state: 'succeeded';
      readonly runOutputName: string;
      readonly type: Artifact['kind'];
      readonly artifact: Artifact;
      readonly warnings: readonly string[];
    }
  | {
      readonly state: 'failed';
      readonly runOutputName: string;
      readonly type: Artifact['kind'];
      readonly error: GoldsmithError;
    };

/**
 * Distributes in the order of the template, copies last. A target that fails does not stop the others.
 * @returns one result for each target and copy, in that order.
 * @throws GoldsmithError `Cancelled` only; what was published until then stays.
 */
export async function distribute(request: DistributeRequest): Promise<readonly TargetResult[]> {
  const { targets, copies, signal } = request;
  const claimed = new Set<string>();
  const claimFile = (path: string): void => {
    const whole = resolve(path);
    if (claimed.has(whole)) {
      throw new GoldsmithError('Conflict', `Two targets of this run write to ${whole}`);
    }
    claimed.add(whole);
  };
  const jobs = [
    ...targets.map((target) => ({
      runOutputName: target.runOutputName,
      type: target.type,
      run: async (mayMove: boolean) => {
        const { published = [], standing = [] } = request;
        const found = standing.find(({ artifact }) => artifact.runOutputName === target.runOutputName);
        if (found !== undefined) return found;
        const artifact = await alreadyPublished({ ...request, target, published });
        return artifact === undefined
          ? distributeTo({ ...request, target, mayMove, claimFile })
          : { artifact, warnings: [] };
      },
    })),
    ...copies.map((format) => ({
      runOutputName: `copy-${format}`,
      type: 'Copy' as const,
      run: async () => writeCopyTo({ ...request, format, claimFile }),
    })),
  ];
  const results: TargetResult[] = [];
  for (const [index, { runOutputName, type, run }] of jobs.entries()) {
    if (signal.aborted) throw cancelled(signal);
    request.onTargetStarted?.(runOutputName);
    try {
      const output = await run(request.consume && index === jobs.length - 1);
      results.push({ state: 'succeeded', runOutputName, type, ...output });
    } catch (error) {
      if (signal.aborted) throw cancelled(signal);
      results.push({ state: 'failed', runOutputName, type, error: asGoldsmithError(error) });
    }
    const result = results.at(-1);
    if (result !== undefined) request.onTargetEnded?.(result);
  }
  return results;
}

function asGoldsmithError(error: unknown): GoldsmithError {
  if (isGoldsmithError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new GoldsmithError('DistributeFailed', 'The image could not be distributed', {
    cause: error,
    internal: message,
  });
}

function cancelled(signal: AbortSignal): GoldsmithError {
  return new GoldsmithError('Cancelled', 'The distribution was cancelled', { cause: signal.reason });
}
