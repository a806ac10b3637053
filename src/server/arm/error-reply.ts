/** The one place where failures become ARM answers. */
import { ArmError, errorBody } from '../../arm/arm-error.ts';
import { isGoldsmithError, type ErrorCode } from '../../model/errors.ts';
import type { ArmReply } from '../../providers/resource-provider.ts';

/** Codes of the engine that are the caller's affair; everything else is ours and answered as 500. */
const statuses: Partial<Readonly<Record<ErrorCode, number>>> = {
  BadTemplate: 400,
  BadUsage: 400,
  SourceNotFound: 400,
  SourceInvalid: 400,
  DownloadFailed: 400,
  ChecksumMismatch: 400,
  ImageRefused: 400,
  Conflict: 409,
  InsufficientResources: 409,
};

export interface FailedReply {
  readonly reply: ArmReply;
  /** True when somebody should look into the log. */
  readonly isDefect: boolean;
}

export interface FailureContext {
  readonly correlationId: string;
  readonly now: Date;
  /** False for api-versions whose error bodies stand alone. */
  readonly wrapped?: boolean;
}

/** What a client is told about `error`; internals stay out. */
export function errorReply(error: unknown, context: FailureContext): FailedReply {
  const known = asArmError(error);
  const { status, detail, headers } = known ?? internalError(context);
  return {
    reply: { status, body: errorBody(detail, context.wrapped ?? true), headers },
    isDefect: known === undefined || status >= 500,
  };
}

function asArmError(error: unknown): ArmError | undefined {
  if (error instanceof ArmError) return error;
  if (!isGoldsmithError(error)) return undefined;
  const status = statuses[error.code];
  if (status === undefined) return undefined;
  return new ArmError(status, error.code, error.message, { details: error.details });
}

function internalError({ correlationId, now }: FailureContext): ArmError {
  return new ArmError(
    500,
    'InternalServerError',
    `Encountered internal server error. Diagnostic information: timestamp '${now.toISOString()}', correlation id '${correlationId}'.`,
  );
}
