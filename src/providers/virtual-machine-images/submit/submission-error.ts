/** Why a template that was accepted cannot be used after all: `provisioningError` (reference 1.4, 2.1). */
import { ArmError } from '../../../arm/arm-error.ts';
import type { ErrorDetail } from '../../../model/errors.ts';

/** Those of Azure's codes that are ever told here; what a schema finds never gets this far. */
export type ProvisioningErrorCode =
  | 'BadPIRSource'
  | 'BadManagedImageSource'
  | 'BadSharedImageVersionSource'
  | 'BadSharedImageDistribute'
  | 'BadStagingResourceGroup'
  | 'NoCustomizerScript'
  | 'NoValidatorScript'
  | 'ServerError'
  | 'Other';

export class SubmissionError extends Error {
  override readonly name = 'SubmissionError';
  readonly code: ProvisioningErrorCode;
  readonly details: readonly ErrorDetail[];

  /** @param message for the author of the template. */
  constructor(
    code: ProvisioningErrorCode,
    message: string,
    more: { readonly details?: readonly ErrorDetail[]; readonly cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.details = more.details ?? [];
  }
}

/** The same refusal where there is somebody to answer at once: 400 `ValidationFailed`. */
export function refusedBySubmission(error: SubmissionError): ArmError {
  return new ArmError(400, 'ValidationFailed', `Validation failed: ${error.message}`, {
    target: error.details[0]?.target ?? '$.properties',
    details: [{ code: error.code, message: error.message }, ...error.details],
  });
}
