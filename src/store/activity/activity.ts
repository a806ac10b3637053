/** The activity log as the store keeps it. */
import type { PrincipalType } from '../records.ts';
import type { Page, PageOf } from '../store.ts';

/** One write that was asked for, and its answer. */
export interface ActivityEntry {
  /** GUID. */
  readonly id: string;
  /** ISO 8601 in UTC, when it was answered. */
  readonly time: string;
  readonly method: string;
  /** The right it needed, for example `Microsoft.Compute/images/write`. */
  readonly action: string;
  readonly resourceId: string;
  readonly subscriptionId: string | undefined;
  readonly resourceGroup: string | undefined;
  readonly namespace: string;
  readonly caller: {
    readonly objectId: string;
    readonly tenantId: string;
    readonly name: string;
    readonly type: PrincipalType;
  };
  /** Of HTTP. */
  readonly status: number;
  readonly errorCode: string | undefined;
  readonly errorMessage: string | undefined;
  readonly requestId: string;
  readonly correlationId: string;
  readonly startedAt: string;
}

/** Every given part must match; ids, groups and names compare without regard to case. */
export interface ActivityFilter {
  /** Undefined: those of the tenant, which belong to no subscription. */
  readonly subscriptionId: string | undefined;
  /** Inclusive, ISO 8601 in UTC. */
  readonly from?: string;
  readonly to?: string;
  readonly resourceGroup?: string;
  readonly resourceId?: string;
  readonly namespace?: string;
  readonly correlationId?: string;
  readonly caller?: string;
}

export interface ActivityRepository {
  insert(entries: readonly ActivityEntry[]): Promise<void>;
  /** Newest first. */
  list(filter: ActivityFilter, page: Page): Promise<PageOf<ActivityEntry>>;
  /** Forgets what is older than `before`, and all but the newest `most`. @returns how many. */
  prune(before: string, most: number): Promise<number>;
}
