/** What a worker and the process that executes one run say to each other. Both are this program, in one version. */
import type { ReusePolicy } from '../../build/build-options.ts';
import type { SimulationPace } from '../../guest/simulated/simulated-shell.ts';
import type { ErrorCode, ErrorDetail } from '../../model/errors.ts';
import type { ImageTemplate } from '../../model/image-template.ts';
import type { BuildEvent, RunRecord } from '../../model/run.ts';

export interface ExecutorJob {
  readonly runId: string;
  readonly templateName: string;
  readonly template: ImageTemplate;
  /** Local paths by the address in the template. */
  readonly localCopies: readonly (readonly [string, string])[];
  /** What of earlier builds it may use. */
  readonly reuse: ReusePolicy;
  /** Where VHDs go. */
  readonly outputFolder: string;
  /** Run no machines. */
  readonly simulate: SimulationPace | undefined;
}

export type ToExecutor = { readonly kind: 'start'; readonly job: ExecutorJob } | { readonly kind: 'cancel' };

export type FromExecutor =
  /** Steps, sub-states and warnings; lines and progress are not told. */
  | { readonly kind: 'event'; readonly event: ToldEvent }
  /** The logs are longer than before; at most a few times a second. */
  | { readonly kind: 'log-grew' }
  /** The engine is done and has cleaned up. */
  | { readonly kind: 'ended'; readonly record: RunRecord }
  /** The engine could not even begin. */
  | { readonly kind: 'refused'; readonly error: ExecutorError };

export type ToldEvent = Exclude<
  BuildEvent,
  { readonly kind: 'step-output' } | { readonly kind: 'step-progress' } | { readonly kind: 'run-ended' }
>;

export interface ExecutorError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly details: readonly ErrorDetail[];
}
