/** Which operations were driven by which clients in which api-versions, from what a service logged. */
import { newestApiVersion } from '../src/arm/api-versions/supported.ts';
import type { ServiceOperation } from '../src/server/list-operations.ts';
import type { RecordedRequest } from './recorded-requests.ts';

/** Clients by a piece of their User-Agent, in the order of the page. */
const clients: readonly (readonly [string, RegExp])[] = [
  ['az', /AZURECLI|python-requests/i],
  ['@azure/arm-imagebuilder', /arm-imagebuilder/],
  ['@azure/arm-resources', /arm-resources/],
  ['@azure/arm-compute', /arm-compute/],
  ['@azure/arm-msi', /arm-msi/],
  ['@azure/arm-authorization', /arm-authorization/],
  ['@azure/arm-network', /arm-network/],
  ['@azure/arm-locks', /arm-locks/],
  ['@azure/arm-storage', /arm-storage/],
];

export interface CoveredOperation {
  readonly operation: ServiceOperation;
  /** Client to the api-versions in which it got an answer that was no error. */
  readonly clients: ReadonlyMap<string, ReadonlySet<string>>;
}

export function measureCoverage(
  operations: readonly ServiceOperation[],
  requests: readonly RecordedRequest[],
): readonly CoveredOperation[] {
  return operations.map((operation) => {
    const found = new Map<string, Set<string>>();
    for (const request of requests) {
      if (request.status >= 400 || !isOf(operation, request)) continue;
      const client = clients.find(([, pattern]) => pattern.test(request.client ?? ''))?.[0];
      if (client === undefined) continue;
      const versions = found.get(client) ?? new Set<string>();
      found.set(client, versions.add(request.apiVersion ?? newestApiVersion));
    }
    return { operation, clients: found };
  });
}

function isOf({ type, method, isCollection, action }: ServiceOperation, request: RecordedRequest): boolean {
  if (request.method !== method || request.type?.toLowerCase() !== type.toLowerCase()) return false;
  if (action !== undefined) return request.action?.toLowerCase() === `${type}/${action}/action`.toLowerCase();
  return request.isCollection === isCollection;
}

export function nameOf({ type, method, isCollection, action }: ServiceOperation): string {
  if (action !== undefined) return `POST ${type}/{name}/${action}`;
  return `${method} ${type}${isCollection ? '' : '/{name}'}`;
}

export function coveragePage(covered: readonly CoveredOperation[]): string {
  const driven = covered.filter(({ clients: found }) => found.size > 0);
  const missing = covered.filter(({ clients: found }) => found.size === 0);
  return [
    '# Coverage by real clients',
    '',
    'Written by `npm run coverage` from what the service logged while the suite in `conformance/` drove it with clients',
    'that nobody here wrote: the stock `az` and the Azure SDKs for JavaScript. An operation counts when a client got an',
    'answer that was no error.',
    '',
    `${driven.length} of ${covered.length} operations on resources are driven.`,
    '',
    '| operation | client | api-versions |',
    '| --- | --- | --- |',
    ...driven.flatMap(({ operation, clients: found }) =>
      [...found].map(
        ([client, versions]) =>
          `| ${nameOf(operation)} | ${client} | ${[...versions].toSorted().join(', ')} |`,
      ),
    ),
    '',
    '## Not covered',
    '',
    'This list may only shrink: `npm run coverage` fails when an operation would come onto it.',
    '',
    ...missing.map(({ operation }) => `- ${nameOf(operation)}`),
    '',
  ].join('\n');
}

/** The operations of a page's second list. */
export function notCoveredIn(page: string): ReadonlySet<string> {
  const [, list = ''] = page.split('## Not covered');
  return new Set([...list.matchAll(/^- (.*)$/gm)].map(([, name = '']) => name));
}
