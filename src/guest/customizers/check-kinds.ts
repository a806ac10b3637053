/** Kinds that cannot work in the source's operating system, found before any machine starts. */
import type { Customizer, ImageTemplate, OsType, Validator } from '../../model/image-template.ts';
import type { Issue } from '../../model/issue.ts';
import { customizerKinds } from './customizers.ts';

/**
 * One issue per customizer or validator that does not fit `osType`. Codes are those of Azure's
 * `provisioningError` (reference 1.4): `UnsupportedCustomizerType`, `UnsupportedValidatorType`.
 */
export function checkKindsForOs(
  template: Pick<ImageTemplate, 'customize' | 'validate'>,
  osType: OsType,
): readonly Issue[] {
  const customizers = template.customize.map((part, index) =>
    issueOf(part, osType, 'Customizer', `$.properties.customize[${index}].type`),
  );
  const validators = (template.validate?.inVMValidations ?? []).map((part, index) =>
    issueOf(part, osType, 'Validator', `$.properties.validate.inVMValidations[${index}].type`),
  );
  return [...customizers, ...validators].filter((issue) => issue !== undefined);
}

function issueOf(
  part: Customizer | Validator,
  osType: OsType,
  role: 'Customizer' | 'Validator',
  path: string,
): Issue | undefined {
  const kind = customizerKinds[part.type];
  if (kind.osType === 'Linux' && osType === 'Linux') return undefined;
  const what = `${part.type}${part.name === undefined ? '' : ` "${part.name}"`}`;
  const message =
    kind.osType !== osType && osType === 'Linux'
      ? `${what} works in Windows only, and the source is Linux: ${kind.onLinux}`
      : `${what} needs a Windows build VM, and Windows build VMs are not supported yet`;
  return {
    path,
    code: `Unsupported${role}Type`,
    message: kind.osType === 'Linux' ? `${what} works in Linux only, and the source is Windows` : message,
    value: part.type,
    expected: 'Shell or File',
  };
}
