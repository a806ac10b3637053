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

function nameOf({ type, method, isCollection, action }: ServiceOperation): string {
  if (action !== undefined) return `POST ${type}/{name}/${action}`;
  return `${method} ${type}${isCollection ? '' : '/{name}'}`;
}

export function coveragePage(covered: readonly CoveredOperation[]): string {
  const driven = covered.filter(({ clients: found }) => found.size > 0);
  const missing = notCovered(covered);
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
    'This list may only shrink: `npm test` and `npm run coverage` fail when an operation would come onto it.',
    '',
    ...(missing.length === 0 ? ['Nothing.'] : missing.map((name) => `- ${name}`)),
    '',
    ...quickStart,
  ].join('\n');
}

const quickStart: readonly string[] = [
  '## Commands of the quick start',
  '',
  "Each runs as Azure's documentation writes it, with the `az` 2.45.0 of Debian 12 after `goldsmith az-env`:",
  '',
  '| commands | test |',
  '| --- | --- |',
  '| `az account show`, `provider register/list`, `group create/exists/list/delete`, `identity create/show`, `role definition create`, `role assignment create/list`, `sig create`, `sig image-definition create` | `conformance/quick-start.local.test.ts` |',
  '| `az resource create/invoke-action/show/delete`, `sig image-version list/show` | `conformance/commands/generic-template.ts` |',
  '| `az image builder create/customizer add/update/wait/run/show/show-runs/cancel/delete`, `image show/list` | `conformance/commands/image-builder.ts` |',
  '| `az storage account list`, `storage blob list/download` of the log and the VHD | `conformance/commands/run-artifacts.ts` |',
  '| `az network nsg create`, `nsg rule create`, `vnet create`, `vnet subnet update/list` | `conformance/commands/network.ts` |',
  '| `az vm image list --publisher … --sku … --all`, `vm image show` | `conformance/commands/catalogue.ts` |',
  '',
  'Debian packages this `az` with libraries that lack the versions it asks for: `az role assignment`, `az image`,',
  '`az vm image` and `az network` end in a Python error there, against any cloud. `goldsmith az-env` puts an `az` extension',
  'that makes up for it into its own configuration folder; other versions of `az` are left alone.',
  '',
  '## Packages that are not driven',
  '',
  'Version 3 of `@azure/arm-imagebuilder` is not in the npm registry, which holds 4.0.0 and 5.0.0, without prereleases,',
  'and its only tag is `latest`, 5.0.0. Version 5 speaks every stable api-version here, version 4 its own.',
  '',
];

/** Operations that no client drove. */
function notCovered(covered: readonly CoveredOperation[]): readonly string[] {
  return covered.filter(({ clients: found }) => found.size === 0).map(({ operation }) => nameOf(operation));
}

/** Operations that no client drove and that `page` does not admit to. */
export function lostSince(page: string, covered: readonly CoveredOperation[]): readonly string[] {
  const admitted = notCoveredIn(page);
  return notCovered(covered).filter((name) => !admitted.has(name));
}

/** The operations of a page's second list. */
function notCoveredIn(page: string): ReadonlySet<string> {
  const list = page.split(/^## /m).find((section) => section.startsWith('Not covered')) ?? '';
  return new Set([...list.matchAll(/^- (.*)$/gm)].map(([, name = '']) => name));
}
