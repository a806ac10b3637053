/**
 * The error catalogue. Every failure a person can meet has one code here; one place maps codes to
 * exit codes (cli) and one maps them to ARM bodies (providers).
 */

export const errorCatalogue = {
  BadTemplate: { title: 'The template is not valid', retryable: false },
  BadUsage: { title: 'The command line is not valid', retryable: false },
  HostNotReady: { title: 'This machine is not ready to build', retryable: true },
  InsufficientResources: { title: 'Not enough disk or memory', retryable: true },
  SourceNotFound: { title: 'The source image was not found', retryable: false },
  SourceInvalid: { title: 'The source image cannot be used', retryable: false },
  DownloadFailed: { title: 'A download failed', retryable: true },
  ChecksumMismatch: { title: 'A checksum does not match', retryable: false },
  ImageRefused: { title: 'The image file was refused', retryable: false },
  VmStartFailed: { title: 'The build VM did not start', retryable: true },
  VmDied: { title: 'The build VM died', retryable: true },
  GuestPanicked: { title: 'The guest kernel panicked', retryable: true },
  GuestUnreachable: { title: 'The build VM never became reachable', retryable: true },
  CustomizerFailed: { title: 'A customizer failed', retryable: false },
  ValidationFailed: { title: 'A validator failed', retryable: false },
  GeneralizeFailed: { title: 'The image could not be generalized', retryable: false },
  DistributeFailed: { title: 'A distribution target failed', retryable: true },
  BuildTimeout: { title: 'The build timed out', retryable: false },
  Cancelled: { title: 'The build was cancelled', retryable: true },
  CommandFailed: { title: 'A program on this machine failed', retryable: true },
  Conflict: { title: 'The name is already taken', retryable: false },
  Internal: { title: 'Internal error', retryable: false },
} as const;

export type ErrorCode = keyof typeof errorCatalogue;

export interface GoldsmithErrorOptions {
  readonly cause?: unknown;
  /** For logs only: never shown to a tenant. */
  readonly internal?: string;
  /** What the reader can do next, one sentence. */
  readonly hint?: string;
  /** Sub-errors, for example one per failed customizer. */
  readonly details?: readonly ErrorDetail[];
}

/** A failure below the top-level one, shaped so that it maps to ARM's `error.details[]`. */
export interface ErrorDetail {
  readonly code: string;
  readonly target?: string;
  readonly message: string;
}

/** The one error class of the product. `message` may be read by a tenant; `internal` may not. */
export class GoldsmithError extends Error {
  override readonly name = 'GoldsmithError';
  readonly code: ErrorCode;
  readonly internal: string | undefined;
  readonly hint: string | undefined;
  readonly details: readonly ErrorDetail[];

  constructor(code: ErrorCode, message: string, options: GoldsmithErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.internal = options.internal;
    this.hint = options.hint;
    this.details = options.details ?? [];
  }

  /** The same error with another advice. */
  withHint(hint: string): GoldsmithError {
    const { code, message, cause, internal, details } = this;
    return new GoldsmithError(code, message, {
      ...{ cause, hint, details },
      ...(internal === undefined ? {} : { internal }),
    });
  }
}

/** True when `error` is a GoldsmithError with one of `codes` (any code when none is given). */
export function isGoldsmithError(error: unknown, ...codes: readonly ErrorCode[]): error is GoldsmithError {
  return error instanceof GoldsmithError && (codes.length === 0 || codes.includes(error.code));
}
