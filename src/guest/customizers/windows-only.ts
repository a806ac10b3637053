/** The kinds that need a Windows guest: known, checked, and refused until Windows build VMs exist. */
import { GoldsmithError } from '../../model/errors.ts';
import type { Customizer } from '../../model/image-template.ts';
import { partTitle, type PartContext } from './context.ts';

/** @throws GoldsmithError `BadTemplate`, always. */
export function refuseWindowsPart(part: Customizer, context: PartContext): never {
  throw new GoldsmithError(
    'BadTemplate',
    `${partTitle(part, context.role, context.index)} needs a Windows source; Windows build VMs are not supported yet`,
  );
}
