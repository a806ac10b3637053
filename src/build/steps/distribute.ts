/**
 * Uses: the frozen disk.
 * Produces: one result for each target and each extra copy.
 * Undoes: nothing; what is published stays, as on Azure.
 */
import { distribute, type TargetResult } from '../../distribute/distribute.ts';
import type { StandingResult } from '../../distribute/standing-vhds.ts';
import type { DistributionContext } from '../../distribute/target-context.ts';
import type { Target } from '../../model/image-template.ts';
import type { ImageFacts } from '../../model/image.ts';
import type { Artifact, DiskFormat } from '../../model/run.ts';
import type { Step } from '../step.ts';

export interface DistributeInput extends Omit<DistributionContext, 'signal' | 'onProgress'> {
  readonly disk: ImageFacts;
  readonly targets: readonly Target[];
  readonly copies: readonly DiskFormat[];
  /** See `DistributeRequest.published`. */
  readonly published?: readonly Artifact[];
  /** See `DistributeRequest.standing`. */
  readonly standing?: readonly StandingResult[];
  /** Told of each artifact as soon as it is published. */
  readonly onArtifact: (artifact: Artifact) => void;
}

export const distributeStep: Step<DistributeInput, readonly TargetResult[]> = {
  id: 'distribute',
  title: 'Distribute',
  run: async (input, context) =>
    distribute({
      ...input,
      consume: true,
      signal: context.signal,
      onProgress: (runOutputName, doneBytes, totalBytes) =>
        context.progress(runOutputName, doneBytes, totalBytes),
      onTargetEnded: (result) => {
        if (result.state === 'failed') {
          context.output('err', `${result.type} "${result.runOutputName}": ${result.error.message}`);
          return;
        }
        const { artifact, warnings } = result;
        input.onArtifact(artifact);
        context.output(
          'out',
          `${artifact.kind} "${result.runOutputName}": ${artifact.artifactId ?? artifact.path}`,
        );
        for (const warning of warnings) context.warn(warning);
      },
    }),
};
