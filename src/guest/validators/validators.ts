/** Validators are customizers of the same kinds, run on a fresh VM of the image and judged by their exit. */
import type { Validator } from '../../model/image-template.ts';
import type { PartContext } from '../customizers/context.ts';
import { runCustomizer } from '../customizers/customizers.ts';

/**
 * Runs one in-VM validation (Shell, File; PowerShell needs a Windows guest).
 * @throws GoldsmithError `ValidationFailed`, `Cancelled`, `BadTemplate`.
 */
export async function runValidator(part: Validator, context: Omit<PartContext, 'role'>): Promise<void> {
  await runCustomizer(part, { ...context, role: 'validator' });
}
