/** What the service remembers: the shapes of the rows, free of any database. Times are ISO 8601 in UTC. */
import type { JsonObject } from '../model/json.ts';
import type { ErrorDetail } from '../model/errors.ts';
import type { RunRecord, RunState, RunSubState } from '../model/run.ts';

/** Any ARM resource, resource groups and extension resources included. */
export interface ResourceRecord {
  /** As it was first written: names keep their case. Unique without regard to case. */
  readonly id: string;
  /** Namespace and types in the provider's own case, for example `Microsoft.Compute/galleries/images`. */
  readonly type: string;
  readonly name: string;
  readonly subscriptionId: string;
  /** As it was first written; undefined for what lives above resource groups. */
  readonly resourceGroup: string | undefined;
  readonly location: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** The rest of the resource in the provider's one canonical shape: `properties`, `identity`, `sku`, `kind`, … */
  readonly body: JsonObject;
  /** What no answer may show by accident, for example account keys. */
  readonly secret: JsonObject | undefined;
  /** Another one after every write; opaque. */
  readonly etag: string;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly createdByType: PrincipalType;
  readonly changedAt: string;
  readonly changedBy: string;
  readonly changedByType: PrincipalType;
}

/** `systemData.createdByType` of ARM. */
export type PrincipalType = 'User' | 'Application' | 'ManagedIdentity' | 'Key';

/** A write; the store gives the etag. */
export type ResourceDraft = Omit<ResourceRecord, 'etag'>;

/** A long-running operation as its status URL tells it. */
export interface OperationRecord {
  /** GUID. */
  readonly id: string;
  readonly subscriptionId: string;
  /** For example `Microsoft.VirtualMachineImages`. */
  readonly namespace: string;
  readonly location: string;
  readonly resourceId: string;
  /** What it does, for example `imageTemplates/run`. */
  readonly kind: string;
  readonly status: 'InProgress' | 'Succeeded' | 'Failed' | 'Canceled';
  readonly startTime: string;
  readonly endTime: string | undefined;
  readonly percentComplete: number | undefined;
  readonly error: OperationError | undefined;
  /** `properties` of the status body, for operations whose result is no resource. */
  readonly result: JsonObject | undefined;
}

export interface OperationError {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  readonly details?: readonly ErrorDetail[];
}

/** One run of a template, from the request to its end. */
export interface ServiceRun {
  /** GUID; also the engine's run id and the folder of its log. */
  readonly id: string;
  readonly templateId: string;
  readonly operationId: string;
  readonly state: RunState;
  readonly subState: RunSubState;
  readonly requestedAt: string;
  readonly startedAt: string | undefined;
  readonly endedAt: string | undefined;
  readonly message: string;
  readonly cancelRequested: boolean;
  /** Raised by every claim; a worker's write counts only under the epoch it claimed. */
  readonly epoch: number;
  readonly worker: string | undefined;
  /** The claim is over after this, unless it is renewed. */
  readonly leaseUntil: string | undefined;
  /** What the admission of runs counts: bytes of memory, CPUs and bytes of disk. */
  readonly needs: RunNeeds;
  /** The engine's record, as far as it has come. */
  readonly record: RunRecord | undefined;
  /** What the run needs and the template may not hold any more when it starts. */
  readonly input: JsonObject;
}

export interface RunNeeds {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
}
