/**
 * Status of long-running operations, for every namespace (RPC "asynchronous operations"; reference 1.3). Two URLs
 * because clients differ: some read the status, some only the HTTP code.
 */
import { ArmError } from '../../arm/arm-error.ts';
import { operationUrl } from '../../providers/arm/long-running.ts';
import type { ArmReply, ArmRequest, Dispatch, ProviderRoute } from '../../providers/resource-provider.ts';
import type { OperationRecord } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';

export interface OperationRouteDeps {
  readonly store: Store;
  /** Asked for at the first request: the pipeline holds these routes itself. */
  readonly dispatch: () => Dispatch;
}

const place = '/subscriptions/{subscriptionId}/providers/{namespace}/locations/{location}';
const retryAfterSeconds = 1;

export function operationRoutes(deps: OperationRouteDeps): readonly ProviderRoute[] {
  // Whoever may start something may follow it, and ids cannot be guessed: any valid token will do.
  const open = { method: 'GET', apiVersions: [], action: undefined } as const;
  return [
    {
      ...{ ...open, path: `${place}/operations/{operationId}` },
      handler: async (request, parameters) => statusReply(await find(deps.store, request, parameters)),
    },
    {
      ...{ ...open, path: `${place}/operationResults/{operationId}` },
      handler: async (request, parameters) =>
        resultReply(deps, request, await find(deps.store, request, parameters)),
    },
  ];
}

async function find(
  store: Store,
  { target }: ArmRequest,
  { namespace = '', operationId = '' }: Readonly<Record<string, string>>,
): Promise<OperationRecord> {
  const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(operationId);
  const operation = guid ? await store.operations.get(operationId.toLowerCase()) : undefined;
  const same =
    operation !== undefined &&
    operation.subscriptionId.toLowerCase() === target.subscriptionId?.toLowerCase() &&
    operation.namespace.toLowerCase() === namespace.toLowerCase();
  if (same) return operation;
  throw new ArmError(404, 'NotFound', `The entity with id '${operationId.slice(0, 64)}' was not found.`);
}

function statusReply(operation: OperationRecord): ArmReply {
  const { id, subscriptionId, namespace, location, status, startTime } = operation;
  const { endTime, percentComplete, error, result } = operation;
  return {
    status: 200,
    headers: status === 'InProgress' ? { 'Retry-After': String(retryAfterSeconds) } : {},
    body: {
      id: `/subscriptions/${subscriptionId}/providers/${namespace}/locations/${location}/operations/${id}`,
      name: id,
      status,
      startTime,
      ...(endTime === undefined ? {} : { endTime }),
      ...(percentComplete === undefined ? {} : { percentComplete }),
      ...(error === undefined ? {} : { error }),
      ...(result === undefined ? {} : { properties: result }),
    },
  };
}

async function resultReply(
  deps: OperationRouteDeps,
  request: ArmRequest,
  operation: OperationRecord,
): Promise<ArmReply> {
  if (operation.status === 'InProgress') {
    const Location = operationUrl(request, operation, 'operationResults');
    return { status: 202, headers: { Location, 'Retry-After': String(retryAfterSeconds) } };
  }
  if (operation.status !== 'Succeeded') {
    const {
      code = `Operation${operation.status}`,
      message = `The operation ended as ${operation.status}.`,
      ...more
    } = operation.error ?? {};
    throw new ArmError(409, code, message, more);
  }
  if (operation.result !== undefined) return { status: 200, body: operation.result };
  if (!operation.kind.endsWith('/write')) return { status: 204 };
  const { principal, correlationId, signal, apiVersion } = request;
  return deps.dispatch()({
    ...{ method: 'GET', body: undefined, principal, correlationId, signal },
    path: `${encodeURI(operation.resourceId)}?api-version=${encodeURIComponent(apiVersion)}`,
  });
}
