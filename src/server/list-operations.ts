/** Every operation on resources that the service answers, as a list: what the coverage page is measured against. */
import type { ResourceProvider } from '../providers/resource-provider.ts';

export interface ServiceOperation {
  /** For example `Microsoft.Compute/galleries`. */
  readonly type: string;
  readonly method: string;
  /** Whether it answers for all resources of the type. */
  readonly isCollection: boolean;
  /** Name of the action of a POST. */
  readonly action: string | undefined;
  /** Newest first. */
  readonly apiVersions: readonly string[];
}

export function listOperations(providers: readonly ResourceProvider[]): readonly ServiceOperation[] {
  return providers.flatMap(({ namespace, types }) =>
    types.flatMap((definition): ServiceOperation[] => {
      const type = `${namespace}/${definition.type}`;
      const { apiVersions } = definition;
      const one = (method: string): ServiceOperation => ({
        ...{ type, method, isCollection: false, action: undefined, apiVersions },
      });
      const lists = definition.list !== undefined || definition.listInSubscription !== undefined;
      return [
        ...(['get', 'put', 'patch', 'delete'] as const)
          .filter((method) => definition[method] !== undefined)
          .map((method) => one(method.toUpperCase())),
        ...(lists ? [{ ...one('GET'), isCollection: true }] : []),
        ...Object.keys(definition.actions ?? {}).map((action) => ({ ...one('POST'), action })),
      ];
    }),
  );
}
