/**
 * What happens to an ARM request before its provider sees it, in Azure's order: route, api-version, subscription,
 * registration, right, body, resource group, lock. The same for requests of clients and of other providers.
 */
import { randomUUID } from 'node:crypto';
import { ArmError } from '../../arm/arm-error.ts';
import type { AccessCheck } from '../../identity/access/access-check.ts';
import type { Principal } from '../../identity/principal.ts';
import { locations } from '../../providers/arm/locations.ts';
import { queryParameter } from '../../providers/arm/paging.ts';
import type {
  ArmMethod,
  ArmReply,
  ArmRequest,
  ArmTarget,
  Dispatch,
} from '../../providers/resource-provider.ts';
import { groupBeingDeleted, groupState } from '../../providers/resources/groups/group-record.ts';
import type { Store } from '../../store/store.ts';
import type { Subscriptions } from '../directory/subscriptions.ts';
import { readArmPath } from './arm-path.ts';
import {
  authorizationFailed,
  invalidApiVersion,
  missingApiVersion,
  missingRegistration,
  noRegisteredProvider,
  resourceGroupNotFound,
  subscriptionNotFound,
} from './front-errors.ts';
import { matchRequest, type Match } from './match-request.ts';
import type { Registry } from './registry.ts';

export interface PipelineDeps {
  readonly store: Store;
  readonly registry: Registry;
  readonly subscriptions: Subscriptions;
  readonly access: Pick<AccessCheck, 'allowed'>;
  /** Throws ArmError when a lock forbids `method` on `id`. */
  readonly refuseIfLocked: (id: string, method: ArmMethod) => Promise<void>;
}

export interface IncomingRequest {
  readonly method: ArmMethod;
  readonly url: URL;
  readonly headers: Headers;
  readonly principal: Principal;
  readonly requestId: string;
  readonly correlationId: string;
  readonly signal: AbortSignal;
  /** Asked for once, after the checks that need no body. */
  readonly readBody: () => Promise<unknown>;
}

export interface Pipeline {
  /**
   * @param onMatched told what the request means as soon as it is known, and again when more is.
   * @throws ArmError, or whatever a provider throws.
   */
  handle(incoming: IncomingRequest, onMatched?: (matched: Matched) => void): Promise<ArmReply>;
  readonly dispatch: Dispatch;
}

export interface Matched {
  readonly target: ArmTarget;
  readonly action: string | undefined;
  readonly apiVersion: string;
  /** False for api-versions whose error bodies have no `error` around them. */
  readonly wrappedErrors: boolean;
}

const versionForm = /^\d{4}-\d{2}-\d{2}(?:-[a-z]+)?$/i;
/** Links in answers to other providers start with it; nobody follows them. */
const internalOrigin = 'https://localhost';

export function createPipeline(deps: PipelineDeps): Pipeline {
  const handle: Pipeline['handle'] = async (incoming, onMatched) => {
    const { method, url } = incoming;
    const path = readArmPath(url.pathname);
    const wanted = queryParameter(url, 'api-version');
    const match = matchRequest(deps.registry, method, path, wanted);
    const apiVersion = checkVersion(match, wanted);
    const { action } = match;
    onMatched?.({ target: match.target, action, apiVersion, wrappedErrors: true });
    const target = await checkSubscription(deps, match);
    if (action !== undefined && !(await deps.access.allowed(incoming.principal, action, match.scope))) {
      throw authorizationFailed(incoming.principal, action, match.scope);
    }
    const hasBody = method === 'PUT' || method === 'PATCH' || method === 'POST';
    const body = hasBody ? await incoming.readBody() : undefined;
    if (match.needsGroup) await requireGroup(deps, target, hasBody);
    if (method !== 'GET' && method !== 'HEAD') await deps.refuseIfLocked(target.id, method);
    const { headers, principal, requestId, correlationId, signal } = incoming;
    const request: ArmRequest = {
      ...{ method, url, apiVersion, target, body, headers, principal, requestId, correlationId, signal },
    };
    // From here on it is the provider that speaks.
    const wrappedErrors = match.provider?.unwrappedErrors?.includes(apiVersion) !== true;
    onMatched?.({ target, action, apiVersion, wrappedErrors });
    try {
      return await match.handler(request);
    } catch (error) {
      // ARM tells that the group is missing rather than what would be in it.
      if (error instanceof ArmError && error.detail.code === 'ResourceNotFound')
        await requireGroup(deps, target, false);
      throw error;
    }
  };
  const dispatch: Dispatch = async ({ method, path, body, principal, correlationId, signal }) => {
    const url = new URL(path, internalOrigin);
    if (queryParameter(url, 'api-version') === undefined) {
      const { apiVersions } = matchRequest(deps.registry, method, readArmPath(url.pathname), undefined);
      url.searchParams.set('api-version', apiVersions[0] ?? '2021-04-01');
    }
    return handle({
      ...{ method, url, principal, correlationId, signal },
      headers: new Headers(),
      requestId: randomUUID(),
      readBody: async () => body,
    });
  };
  return { handle, dispatch };
}

/** @throws ArmError 400. */
function checkVersion(match: Match, wanted: string | undefined): string {
  if (wanted === undefined || wanted === '') throw missingApiVersion();
  const { apiVersions, type } = match;
  const known = apiVersions.find((version) => version.toLowerCase() === wanted.toLowerCase());
  if (known !== undefined) return known;
  if (!versionForm.test(wanted)) throw invalidApiVersion(wanted, apiVersions);
  if (apiVersions.length === 0) return wanted;
  if (type === undefined) throw invalidApiVersion(wanted, apiVersions);
  const places = type.location === 'regional' ? locations.map(({ name }) => name) : [];
  throw noRegisteredProvider(type.type, wanted, apiVersions, places);
}

/** @returns the target with the subscription's id in its own case. @throws ArmError 404, 409. */
async function checkSubscription(deps: PipelineDeps, { target, provider }: Match): Promise<ArmTarget> {
  if (target.subscriptionId === undefined) return target;
  const subscription = await deps.subscriptions.get(target.subscriptionId);
  if (subscription === undefined) throw subscriptionNotFound(target.subscriptionId);
  const { subscriptionId } = subscription;
  if (provider !== undefined) {
    const state = await deps.subscriptions.registration(subscriptionId, provider.namespace);
    const registered = state === undefined ? provider.registeredByDefault : state === 'Registered';
    if (!registered) throw missingRegistration(provider.namespace);
  }
  if (subscriptionId === target.subscriptionId) return target;
  const tail = (id: string): string => id.slice('/subscriptions/'.length + subscriptionId.length);
  const own = (id: string): string => `/subscriptions/${subscriptionId}${tail(id)}`;
  const scope =
    target.scope?.toLowerCase().startsWith('/subscriptions/') === true ? own(target.scope) : target.scope;
  return { ...target, subscriptionId, scope, id: own(target.id) };
}

/** @throws ArmError 404 `ResourceGroupNotFound`; 409 `ResourceGroupBeingDeleted` for a write into a group that goes. */
async function requireGroup(
  { store }: PipelineDeps,
  { subscriptionId, resourceGroup }: ArmTarget,
  isWrite: boolean,
): Promise<void> {
  if (subscriptionId === undefined || resourceGroup === undefined) return;
  const group = await store.resources.get(`/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`);
  if (group === undefined) throw resourceGroupNotFound(resourceGroup);
  if (isWrite && groupState(group) === 'Deleting') throw groupBeingDeleted(group.name);
}
