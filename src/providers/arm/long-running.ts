/**
 * Long-running operations as ARM clients follow them (RPC "asynchronous operations"; reference 1.3). The server
 * answers both URLs for every namespace from the stored operation:
 * `…/operations/{id}`: 200 with the status; `…/operationResults/{id}`: 202 until the end, then 200 or 204.
 */
import { randomUUID } from 'node:crypto';
import type { OperationError, OperationRecord } from '../../store/records.ts';
import type { Repositories } from '../../store/store.ts';
import type { JsonObject } from '../../model/json.ts';
import type { ArmRequest } from '../resource-provider.ts';
import { locationName } from './locations.ts';

export interface NewOperation {
  /** For example `Microsoft.Compute`. */
  readonly namespace: string;
  /** Of the resource; undefined for what has none. */
  readonly location: string | undefined;
  readonly resourceId: string;
  /** For example `galleries/images/versions/write`. */
  readonly kind: string;
  /** Default: the clock of this machine. */
  readonly now?: Date;
}

/** Where operations on resources without a location are followed. */
const globalLocation = 'global';
const defaultRetryAfterSeconds = 1;

/** Stores an operation that is in progress. Give it the repositories of the transaction that it belongs to. */
export async function startOperation(
  store: Pick<Repositories, 'operations'>,
  request: Pick<ArmRequest, 'target'>,
  start: NewOperation,
): Promise<OperationRecord> {
  const operation: OperationRecord = {
    id: randomUUID(),
    subscriptionId: request.target.subscriptionId ?? '',
    namespace: start.namespace,
    location: start.location === undefined ? globalLocation : locationName(start.location),
    resourceId: start.resourceId,
    kind: start.kind,
    status: 'InProgress',
    startTime: (start.now ?? new Date()).toISOString(),
    endTime: undefined,
    percentComplete: undefined,
    error: undefined,
    result: undefined,
  };
  await store.operations.insert(operation);
  return operation;
}

export type OperationOutcome =
  | { readonly status: 'Succeeded'; readonly result?: JsonObject }
  | { readonly status: 'Failed' | 'Canceled'; readonly error: OperationError };

/** Ends an operation. @returns false when it had ended before. */
export async function endOperation(
  store: Pick<Repositories, 'operations'>,
  id: string,
  outcome: OperationOutcome,
  now = new Date(),
): Promise<boolean> {
  return store.operations.update(id, { ...outcome, endTime: now.toISOString() });
}

export interface AcceptedOptions {
  /** Default 5. */
  readonly retryAfterSeconds?: number;
  /**
   * `both` by default: pollers prefer `Azure-AsyncOperation`. `location` alone for operations whose api-version
   * tells clients to look at nothing else, `status` alone where a `Location` would promise a resource.
   */
  readonly style?: 'both' | 'location' | 'status';
}

/** `Azure-AsyncOperation`, `Location` and `Retry-After` (seconds) of the answer that starts `operation`. */
export function acceptedHeaders(
  request: Pick<ArmRequest, 'url' | 'apiVersion'>,
  operation: Pick<OperationRecord, 'id' | 'subscriptionId' | 'namespace' | 'location'>,
  options: AcceptedOptions = {},
): Record<string, string> {
  const style = options.style ?? 'both';
  return {
    ...(style === 'location'
      ? {}
      : { 'Azure-AsyncOperation': operationUrl(request, operation, 'operations') }),
    ...(style === 'status' ? {} : { Location: operationUrl(request, operation, 'operationResults') }),
    'Retry-After': String(options.retryAfterSeconds ?? defaultRetryAfterSeconds),
  };
}

/** The absolute URL under which `operation` is followed. */
export function operationUrl(
  request: Pick<ArmRequest, 'url' | 'apiVersion'>,
  operation: Pick<OperationRecord, 'id' | 'subscriptionId' | 'namespace' | 'location'>,
  kind: 'operations' | 'operationResults',
): string {
  const scope = operation.subscriptionId === '' ? '' : `/subscriptions/${operation.subscriptionId}`;
  const path = `${scope}/providers/${operation.namespace}/locations/${operation.location}/${kind}/${operation.id}`;
  const url = new URL(path, request.url.origin);
  url.searchParams.set('api-version', request.apiVersion);
  return url.href;
}
