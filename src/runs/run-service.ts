/**
 * Runs of image templates as the rest of the service sees them: asked for, cancelled, looked at. Whoever asks
 * gets an answer at once; the work happens later, perhaps in another process, and survives this one.
 */
import type { JsonObject } from '../model/json.ts';
import type { ImageTemplate } from '../model/image-template.ts';
import type { RunState, RunSubState } from '../model/run.ts';
import type { OperationRecord, ServiceRun } from '../store/records.ts';

export interface RunService {
  /**
   * Asks for a run. The run and its operation (`imageTemplates/run`, in progress until the run has ended) are
   * stored when this resolves. Refused while another run of the template has not ended, and when the template is
   * not in the store any more.
   * @throws GoldsmithError `InsufficientResources` when the run could never fit on any build host.
   */
  request(request: RunRequest): Promise<RunAnswer>;
  /**
   * Asks the template's run to end. The operation (`imageTemplates/cancel`) is over when the run is: at most
   * {@link CANCEL_BOUND_MS} later while any worker lives, otherwise when the next one starts. Refused when no run
   * is going on, and when it is ending already.
   */
  cancel(templateId: string): Promise<CancelAnswer>;
  /** `lastRunStatus` of a template; undefined when it never ran. */
  lastStatus(templateId: string): Promise<LastRunStatus | undefined>;
  /** The same for many templates; keys are the ids as given, without those that never ran. */
  lastStatuses(templateIds: readonly string[]): Promise<ReadonlyMap<string, LastRunStatus>>;
  /** True from the request of a run to its end. */
  isRunning(templateId: string): Promise<boolean>;
}

/** The longest that a run may take from its cancellation to its end, milliseconds. */
export const CANCEL_BOUND_MS = 30_000;

export interface RunRequest {
  /** ARM id of the template, which must be stored. */
  readonly templateId: string;
  readonly subscriptionId: string;
  /** Checked and complete. `name` and `location` are those of the resource. */
  readonly template: ImageTemplate;
  readonly staging: StagingPlace;
  /** Results of customizers up to this age are used again, whatever the template's tag says; milliseconds. */
  readonly maxStepAgeMs?: number;
  /** What was fetched when the template was submitted; everything else is fetched at the start of the run. */
  readonly artifacts: readonly StagedArtifact[];
}

/** Where a template keeps its files and shows its build VMs. */
export interface StagingPlace {
  readonly subscriptionId: string;
  /** Name of the staging resource group. */
  readonly resourceGroup: string;
  /** Name of the storage account in it; its containers `packerlogs` and `vhds` are made when they are missing. */
  readonly storageAccount: string;
}

/** A script or file of the template, as it was copied to the staging account. */
export interface StagedArtifact {
  /** Exactly as the template writes it. */
  readonly uri: string;
  readonly container: string;
  readonly blobName: string;
  readonly sizeBytes: number;
  /** Lower-case hex of the copied bytes; checked again before they are used. */
  readonly sha256: string;
}

export type RunAnswer =
  | { readonly kind: 'accepted'; readonly run: ServiceRun; readonly operation: OperationRecord }
  /** `run` is the one that is going on; undefined when the template is gone. */
  | { readonly kind: 'refused'; readonly run: ServiceRun | undefined };

export type CancelAnswer =
  | { readonly kind: 'accepted'; readonly run: ServiceRun; readonly operation: OperationRecord }
  /** `run` is the last one, whatever became of it; undefined when there never was one. */
  | { readonly kind: 'refused'; readonly run: ServiceRun | undefined };

/** `properties.lastRunStatus` of an image template (reference 1.4). Times are ISO 8601 in UTC. */
export interface LastRunStatus {
  readonly startTime: string;
  readonly endTime?: string;
  readonly runState: RunState;
  readonly runSubState: RunSubState;
  readonly message: string;
}

/** Type of the resources that a run leaves below its template: `<template>/runOutputs/<name>`. */
export const RUN_OUTPUT_TYPE = 'Microsoft.VirtualMachineImages/imageTemplates/runOutputs';

/** `body` of a run output resource: `properties` in the shape of the wire (reference 1.10). */
export interface RunOutputBody extends JsonObject {
  readonly properties: {
    readonly provisioningState: 'Succeeded';
    /** ARM id of the image or gallery version. */
    readonly artifactId?: string;
    /** Address of the VHD blob. */
    readonly artifactUri?: string;
  };
}
