/** What extension resources of this provider hang on. */
import { ArmError } from '../../arm/arm-error.ts';
import type { Store } from '../../store/store.ts';
import type { ArmTarget } from '../resource-provider.ts';

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** True for a GUID in the form with hyphens. */
export function isGuid(text: string): boolean {
  return guid.test(text);
}

/** The scope of a request without a slash at its end; `/` for the tenant. */
export function scopeOf({ scope }: Pick<ArmTarget, 'scope'>): string {
  const text = (scope ?? '').replace(/\/+$/, '');
  return text === '' || text.startsWith('/') ? text || '/' : `/${text}`;
}

/**
 * Refuses a scope whose group, or whose top-level resource, does not exist. Deeper parts are not looked up:
 * some of them (blob containers) are no stored resources.
 * @throws ArmError 404 `ResourceGroupNotFound` or `ResourceNotFound`.
 */
export async function requireScope(store: Pick<Store, 'resources'>, scope: string): Promise<void> {
  const [, , , groups, group, providers, namespace, type, name] = scope.split('/');
  if (groups?.toLowerCase() !== 'resourcegroups' || group === undefined) return;
  const groupId = scope.split('/').slice(0, 5).join('/');
  if ((await store.resources.get(groupId)) === undefined) {
    throw new ArmError(404, 'ResourceGroupNotFound', `Resource group '${group}' could not be found.`);
  }
  if (providers?.toLowerCase() !== 'providers' || type === undefined || name === undefined) return;
  if ((await store.resources.get(scope.split('/').slice(0, 9).join('/'))) !== undefined) return;
  throw new ArmError(
    404,
    'ResourceNotFound',
    `The Resource '${namespace}/${type}/${name}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
}
