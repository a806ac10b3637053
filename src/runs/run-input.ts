/** What a run needs to start, as it is stored with it: the template may change or go meanwhile. */
import type { ImageTemplate } from '../model/image-template.ts';
import type { JsonObject } from '../model/json.ts';
import type { ServiceRun } from '../store/records.ts';
import type { RunRequest, StagedArtifact, StagingPlace } from './run-service.ts';

export interface RunInput {
  readonly template: ImageTemplate;
  readonly staging: StagingPlace;
  readonly artifacts: readonly StagedArtifact[];
  readonly maxStepAgeMs?: number;
}

/** Fields that are undefined are not there afterwards; readers cannot tell the difference. */
export function encodeRunInput({ template, staging, artifacts, maxStepAgeMs }: RunRequest): JsonObject {
  return JSON.parse(JSON.stringify({ template, staging, artifacts, maxStepAgeMs }));
}

/** Trusted: only `encodeRunInput` writes it. */
export function runInputOf(run: Pick<ServiceRun, 'input'>): RunInput {
  return JSON.parse(JSON.stringify(run.input));
}
