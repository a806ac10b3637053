/**
 * The store as the service sees it: repositories that can be used alone, each call its own transaction, or
 * together in one. PGlite and PostgreSQL stand behind it and pass one contract suite.
 */
import type { JsonObject } from '../model/json.ts';
import type { RunState, RunSubState } from '../model/run.ts';
import type { ActivityRepository } from './activity/activity.ts';
import type { OperationRecord, ResourceDraft, ResourceRecord, ServiceRun } from './records.ts';

export interface Repositories {
  readonly resources: ResourceRepository;
  readonly operations: OperationRepository;
  readonly runs: RunRepository;
  readonly settings: SettingsRepository;
  readonly activity: ActivityRepository;
  readonly jobs: JobSender;
}

export interface Store extends Repositories, AsyncDisposable {
  /**
   * All or nothing, and as if transactions came one after the other; repeated when the database asks for it, so
   * `work` must have no other effects. Inside it only `repositories` may be used: the store itself refuses.
   */
  transaction<T>(work: (repositories: Repositories) => Promise<T>): Promise<T>;
  /** Handlers run in this process until the store is closed or `stop` is called. */
  work(queue: string, options: WorkOptions, handler: JobHandler): Promise<JobWorker>;
  /** Calls `listener` after any process has changed the row under `topic`; best effort, so look at the row itself. */
  subscribe(topic: StoreTopic, listener: (key: string) => void): () => void;
}

/** `runs`: keys are run ids. `resources`: keys are lower-cased resource ids. `operations`: operation ids. */
export type StoreTopic = 'runs' | 'resources' | 'operations';

export interface Page {
  /** Most items of one page, 1 to 1000. */
  readonly limit: number;
  /** The `next` of the page before. */
  readonly after?: string;
}

export interface PageOf<T> {
  readonly items: readonly T[];
  /** Present when there is more. */
  readonly next: string | undefined;
}

/** Every given part must match; ids, groups and types compare without regard to case. */
export interface ResourceFilter {
  readonly subscriptionId?: string;
  readonly resourceGroup?: string;
  readonly type?: string;
  /** Resources below this id, at any depth (`<id>/…`), whatever their type; not the resource itself. */
  readonly under?: string;
  readonly tag?: { readonly name: string; readonly value?: string };
}

export interface ResourceRepository {
  get(id: string): Promise<ResourceRecord | undefined>;
  /** @returns undefined when the id is taken. */
  insert(draft: ResourceDraft): Promise<ResourceRecord | undefined>;
  /** @returns undefined when it is gone, or when its etag is not `ifMatch`. */
  replace(draft: ResourceDraft, ifMatch?: string): Promise<ResourceRecord | undefined>;
  /** @returns false when there was nothing to remove, or its etag is not `ifMatch`. */
  remove(id: string, ifMatch?: string): Promise<boolean>;
  /** In the order of their lower-cased ids. */
  list(filter: ResourceFilter, page: Page): Promise<PageOf<ResourceRecord>>;
  count(filter: ResourceFilter): Promise<number>;
}

export interface OperationRepository {
  insert(operation: OperationRecord): Promise<void>;
  get(id: string): Promise<OperationRecord | undefined>;
  /** Changes an operation that is still in progress. @returns false when it had ended before. */
  update(
    id: string,
    change: Partial<
      Pick<OperationRecord, 'status' | 'endTime' | 'percentComplete' | 'error' | 'result' | 'resourceId'>
    >,
  ): Promise<boolean>;
  /** Operations of a resource that have not ended. */
  pendingOf(resourceId: string): Promise<readonly OperationRecord[]>;
  /** Forgets operations that ended before `time`. */
  removeEndedBefore(time: string): Promise<number>;
}

export type RunChange = Partial<
  Pick<ServiceRun, 'state' | 'subState' | 'startedAt' | 'endedAt' | 'message' | 'record'>
>;

export interface RunFilter {
  readonly templateId?: string;
  readonly states?: readonly RunState[];
  readonly subState?: RunSubState;
}

export interface RunRepository {
  insert(run: ServiceRun): Promise<void>;
  get(id: string): Promise<ServiceRun | undefined>;
  /** Newest first. */
  list(filter: RunFilter, limit: number): Promise<readonly ServiceRun[]>;
  /** The last run of a template that was asked for. */
  lastOf(templateId: string): Promise<ServiceRun | undefined>;
  /**
   * Takes an unfinished run whose lease is over (or that has none) for `worker` until `leaseUntil`.
   * @returns the run under its new epoch; undefined when somebody else holds it or it has ended.
   */
  claim(id: string, worker: string, now: string, leaseUntil: string): Promise<ServiceRun | undefined>;
  /** @returns false when the epoch is not the current one any more: the worker must stop. */
  renew(id: string, epoch: number, leaseUntil: string): Promise<boolean>;
  /** A worker's write. @returns false as `renew` does, or when the run has ended. */
  update(id: string, epoch: number, change: RunChange): Promise<boolean>;
  /** Gives the claim back without ending the run. */
  release(id: string, epoch: number): Promise<boolean>;
  /** Marks an unfinished run; state becomes `Canceling`. @returns the run, undefined when it has ended. */
  requestCancel(id: string): Promise<ServiceRun | undefined>;
  removeOf(templateId: string): Promise<number>;
}

/** Small durable values of the service: keys, ids, flags. */
export interface SettingsRepository {
  get(key: string): Promise<JsonObject | undefined>;
  /** @returns the value that is stored: `value`, or the one that was there first. */
  insertIfAbsent(key: string, value: JsonObject): Promise<JsonObject>;
  put(key: string, value: JsonObject): Promise<void>;
  list(prefix: string): Promise<readonly { readonly key: string; readonly value: JsonObject }[]>;
  remove(key: string): Promise<void>;
}

export interface JobSender {
  /**
   * Durable with the transaction it is sent in. `singletonKey`: at most one waiting or running job of that key;
   * what is sent while there is one is dropped.
   */
  send(queue: string, data: JsonObject, options?: SendOptions): Promise<void>;
}

export interface SendOptions {
  readonly singletonKey?: string;
  readonly startAfterSeconds?: number;
}

export interface WorkOptions {
  /** Jobs handled at once in this process. */
  readonly concurrency: number;
  /** The job is given to somebody else when its holder has been silent for this long; at least 10. */
  readonly heartbeatSeconds: number;
  /** How often a failed job is tried again, at first after a second or two. A job that `stop` interrupts has failed. */
  readonly retries: number;
}

export interface Job {
  readonly id: string;
  readonly data: JsonObject;
  readonly attempt: number;
  /** Fires when the store is closing. */
  readonly signal: AbortSignal;
}

export type JobHandler = (job: Job) => Promise<void>;

export interface JobWorker {
  /** Takes no more jobs, aborts the signals of the running ones and waits for them at most `withinMs`. */
  stop(withinMs: number): Promise<void>;
}
