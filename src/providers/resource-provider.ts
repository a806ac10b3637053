/**
 * The contract between the HTTP server and the resource providers. The server reads the path, checks the
 * token, the api-version, the registration, the resource group and the right to act; a provider sees only
 * requests that passed, and answers with what the wire shows.
 */
import type { Principal } from '../identity/principal.ts';

export type ArmMethod = 'GET' | 'HEAD' | 'PUT' | 'PATCH' | 'DELETE' | 'POST';

/** What a path names; words compare without regard to case, names keep the case of the request. */
export interface ArmTarget {
  /** The resource, or for a collection its parent followed by the type; without action, `/` at the front, none at the end. */
  readonly id: string;
  readonly subscriptionId: string | undefined;
  readonly resourceGroup: string | undefined;
  /** For example `Microsoft.Compute`. */
  readonly namespace: string;
  /** `['galleries', 'images']` in the provider's own case. */
  readonly types: readonly string[];
  /** As many as `types`; one fewer for a collection. */
  readonly names: readonly string[];
  /** What an extension resource hangs on: a subscription, a group or another resource; else undefined. */
  readonly scope: string | undefined;
}

export interface ArmRequest {
  readonly method: ArmMethod;
  /** As the client sent it, host included: links in answers start with its origin. */
  readonly url: URL;
  readonly apiVersion: string;
  readonly target: ArmTarget;
  /** Parsed JSON; undefined when the request had no body. */
  readonly body: unknown;
  readonly headers: Headers;
  readonly principal: Principal;
  readonly requestId: string;
  readonly correlationId: string;
  readonly signal: AbortSignal;
}

export interface ArmReply {
  readonly status: number;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** @throws ArmError; anything else is answered as 500 and logged. */
export type ArmHandler = (request: ArmRequest) => Promise<ArmReply>;

export interface ResourceTypeDefinition {
  /** Below the namespace, in Azure's case: `galleries/images/versions`. */
  readonly type: string;
  /** Newest first; what the provider document lists and what requests may name. */
  readonly apiVersions: readonly string[];
  /** Where it can be: in every location, or without one. */
  readonly location: 'regional' | 'global';
  /** Where its ids start. `extension`: on any scope, as `/providers/<type>/…` behind it. Default `group`. */
  readonly scope?: 'group' | 'subscription' | 'tenant' | 'extension';
  readonly get?: ArmHandler;
  readonly head?: ArmHandler;
  readonly put?: ArmHandler;
  readonly patch?: ArmHandler;
  readonly delete?: ArmHandler;
  /** GET of the collection: in a group or below a parent. */
  readonly list?: ArmHandler;
  /** GET of the collection in a whole subscription. */
  readonly listInSubscription?: ArmHandler;
  /** POST to `<id>/<name>`; keys in Azure's case. The right needed is `<type>/<name>/action`. */
  readonly actions?: Readonly<Record<string, ArmHandler>>;
}

/** A path that is no resource, for example `…/locations/{location}/publishers`. */
export interface ProviderRoute {
  readonly method: ArmMethod;
  /**
   * From the first `/`, with `{names}` for one segment each, for example
   * `/subscriptions/{subscriptionId}/providers/Microsoft.Compute/locations/{location}/publishers`.
   */
  readonly path: string;
  /** Newest first; empty: any. */
  readonly apiVersions: readonly string[];
  /** What the caller must be allowed to do, for example `Microsoft.Compute/locations/publishers/read`; undefined: any valid token. */
  readonly action: string | undefined;
  readonly handler: (request: ArmRequest, parameters: Readonly<Record<string, string>>) => Promise<ArmReply>;
}

export interface OperationDescription {
  /** For example `Microsoft.Compute/galleries/read`. */
  readonly name: string;
  readonly isDataAction?: boolean;
  readonly display: {
    readonly provider: string;
    readonly resource: string;
    readonly operation: string;
    readonly description: string;
  };
}

export interface ResourceProvider {
  /** For example `Microsoft.Compute`. */
  readonly namespace: string;
  readonly types: readonly ResourceTypeDefinition[];
  readonly routes?: readonly ProviderRoute[];
  readonly operations?: readonly OperationDescription[];
  /** A subscription starts with it registered; others answer `MissingSubscriptionRegistration` first. */
  readonly registeredByDefault: boolean;
  /** Api-versions whose error bodies have no `error` around them. */
  readonly unwrappedErrors?: readonly string[];
  /** Ends with the service. */
  readonly [Symbol.asyncDispose]?: () => Promise<void>;
}

/** One provider asking another, with the rights of `principal`: deleting a group deletes what is in it. */
export type Dispatch = (
  request: Pick<ArmRequest, 'method' | 'body' | 'principal' | 'correlationId' | 'signal'> & {
    /** Path and query; without `api-version` the newest is meant. */
    readonly path: string;
  },
) => Promise<ArmReply>;
