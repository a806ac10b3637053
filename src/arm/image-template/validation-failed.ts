/** Issues of a template as the error that clients of image templates know (reference 2.11). */
import type { Issue } from '../../model/issue.ts';
import { ArmError } from '../arm-error.ts';

const advice =
  'Please review http://aka.ms/azvmimagebuildertmplref for details on fields requirements in the Image Builder Template.';

/**
 * 400 `ValidationFailed`: the first issue in the message, every issue in `details`, each with its path as target.
 * `entity` is the name of the type as messages show it, for example `ImageTemplate`.
 */
export function validationFailed(issues: readonly Issue[], entity = 'ImageTemplate'): ArmError {
  const [first] = issues;
  const more = issues.length > 1 ? ` (${issues.length - 1} more in the details)` : '';
  const where = `'${entity}${parentOf(first?.path ?? '$')}'`;
  return new ArmError(
    400,
    'ValidationFailed',
    `Validation failed: ${where}: ${first?.message ?? 'The body is not valid.'}${more} ${advice}`,
    {
      target: first?.path ?? '$',
      details: issues.map(({ path, code, message }) => ({ code, target: path, message })),
    },
  );
}

/** `.properties.customize[0]` for `$.properties.customize[0].type`: the object that the message speaks of. */
function parentOf(path: string): string {
  return path.slice(1).replace(/(?:\.[^.[\]]+|\['[^']*'\])(?:\[\d+\])?$/, '');
}
