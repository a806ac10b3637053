/** The registry of distribution targets: one line a kind. */
import { GoldsmithError } from '../model/errors.ts';
import type { Target } from '../model/image-template.ts';
import type { TargetInput, TargetOutput } from './target-context.ts';
import { distributeManagedImage } from './targets/managed-image/managed-image-target.ts';
import { distributeSharedImage } from './targets/shared-image/shared-image-target.ts';
import { distributeVhd } from './targets/vhd/vhd-target.ts';

/** Hands the result of a build to one target. @throws GoldsmithError as the target's own function. */
export async function distributeTo(input: TargetInput<Target>): Promise<TargetOutput> {
  const { target } = input;
  switch (target.type) {
    case 'VHD':
      return distributeVhd({ ...input, target });
    case 'ManagedImage':
      return distributeManagedImage({ ...input, target });
    case 'SharedImage':
      return distributeSharedImage({ ...input, target });
    default:
      target satisfies never;
      throw new GoldsmithError('Internal', 'Unknown kind of distribution target');
  }
}
