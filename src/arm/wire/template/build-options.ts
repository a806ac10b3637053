/** The small options of `properties` (reference 1.4): time limit, optimisation, error handling, auto run. */
import { z } from 'zod';
import type { ErrorHandling, Optimize } from '../../../model/image-template.ts';
import { addFinding, withRules, type Fields, type Finding } from '../finding.ts';
import { optional, readOnly } from '../scalars.ts';
import { artifactLocationOrEmpty } from './artifact-location.ts';
import { fromChecksum, sha256Checksum } from './script.ts';

const defaultTimeoutMinutes = 240;

/** Minutes; 0 = 240. Azure's builds cannot live shorter than 6 minutes, so 1 to 5 are refused. */
export const buildTimeoutInMinutes = optional(
  z.number().superRefine((value, context) => {
    if (isBuildTimeout(value)) return;
    addFinding(context, { expected: 'a whole number of minutes, 6 to 960, or 0 for the default' });
  }),
);

/** Rule: 0, or 6 to 960. */
export function isBuildTimeout(minutes: number): boolean {
  return minutes === 0 || (Number.isInteger(minutes) && minutes >= 6 && minutes <= 960);
}

export function fromBuildTimeout(wire: number | undefined): number {
  return (wire || defaultTimeoutMinutes) * 60_000;
}

/** Left out = `Disabled`. */
const enabledState = optional(z.enum(['Enabled', 'Disabled']));

export const vmBoot = optional(z.object({ state: enabledState }));
export const workload = optional(
  withRules(
    z.object({
      state: enabledState,
      scriptUri: optional(artifactLocationOrEmpty),
      sha256Checksum: optional(sha256Checksum),
    }),
    workloadChecksumNeedsScript,
  ),
);
export const autoRun = optional(z.object({ state: enabledState }));

/** Rule on `optimize.workload`: a checksum speaks of the script. */
export function workloadChecksumNeedsScript(fields: Fields): readonly Finding[] {
  const checksum = fields['sha256Checksum'];
  const script = fields['scriptUri'];
  if (typeof checksum !== 'string' || checksum === '' || (script !== undefined && script !== '')) return [];
  const message = "Field 'sha256Checksum' can only be used with 'scriptUri'.";
  return [{ path: ['sha256Checksum'], code: 'FieldConflict', message }];
}

interface WireOptimize {
  readonly vmBoot?: { readonly state?: 'Enabled' | 'Disabled' };
  readonly workload?: {
    readonly state?: 'Enabled' | 'Disabled';
    readonly scriptUri?: string;
    readonly sha256Checksum?: string;
  };
}

export function fromOptimize(wire: WireOptimize = {}): Optimize {
  const { vmBoot, workload } = wire;
  return {
    vmBoot: vmBoot?.state === 'Enabled',
    workload:
      workload === undefined
        ? undefined
        : {
            enabled: workload.state === 'Enabled',
            scriptUri: workload.scriptUri || undefined,
            sha256: fromChecksum(workload.sha256Checksum),
          },
  };
}

const onError = optional(z.enum(['cleanup', 'abort']));

export const errorHandling = optional(z.object({ onCustomizerError: onError, onValidationError: onError }));

export function fromErrorHandling(wire: z.output<typeof errorHandling> | undefined): ErrorHandling {
  return {
    onCustomizerError: wire?.onCustomizerError ?? 'cleanup',
    onValidationError: wire?.onValidationError ?? 'cleanup',
  };
}

/** What the service reports back inside `properties`. */
export const reportedByService = {
  provisioningState: readOnly,
  provisioningError: readOnly,
  lastRunStatus: readOnly,
} as const;
