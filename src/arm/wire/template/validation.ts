/** `properties.validate` (reference 1.4, 1.7): validators have the fields of the customizers of their kind. */
import { z } from 'zod';
import type { Validation, Validator } from '../../../model/image-template.ts';
import { entries, type Fields, type Finding } from '../finding.ts';
import { list, optional } from '../scalars.ts';
import { file, fromFile, fromPowerShell, fromShell, maxSteps, powerShell, shell } from './customizer.ts';

export const scriptValidator = z.discriminatedUnion('type', [shell, powerShell]);
export const scriptOrFileValidator = z.discriminatedUnion('type', [shell, powerShell, file]);

/** The switches beside the list of validators. */
export const validationSwitches = {
  continueDistributeOnFailure: optional(z.boolean()),
  sourceValidationOnly: optional(z.boolean()),
} as const;

export function validators<S extends z.ZodType>(validator: S) {
  return optional(list(validator, maxSteps));
}

/** Rule: validating only the source needs something that validates. */
export function sourceValidationNeedsValidators(fields: Fields): readonly Finding[] {
  if (fields['sourceValidationOnly'] !== true || entries(fields, 'inVMValidations').length > 0) return [];
  const message = "Missing field 'inVMValidations': 'sourceValidationOnly' needs at least one validator.";
  return [{ path: ['inVMValidations'], code: 'MissingField', message }];
}

interface WireValidation {
  readonly continueDistributeOnFailure?: boolean;
  readonly sourceValidationOnly?: boolean;
  readonly inVMValidations?: readonly z.output<typeof scriptOrFileValidator>[];
}

export function fromValidation(wire: WireValidation | undefined): Validation | undefined {
  if (wire === undefined) return undefined;
  return {
    continueDistributeOnFailure: wire.continueDistributeOnFailure ?? false,
    sourceValidationOnly: wire.sourceValidationOnly ?? false,
    inVMValidations: (wire.inVMValidations ?? []).map(fromValidator),
  };
}

function fromValidator(wire: z.output<typeof scriptOrFileValidator>): Validator {
  switch (wire.type) {
    case 'Shell':
      return fromShell(wire);
    case 'PowerShell':
      return fromPowerShell(wire);
    default:
      return fromFile(wire);
  }
}
