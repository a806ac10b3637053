/** The operations list of a provider from a short table: most types are read, written and deleted. */
import type { OperationDescription } from '../resource-provider.ts';

type Right = 'read' | 'write' | 'delete' | `${string}/action`;

const words: Readonly<Record<string, readonly [string, string]>> = {
  read: ['Get', 'Reads'],
  write: ['Create or update', 'Creates or changes'],
  delete: ['Delete', 'Deletes'],
};

/**
 * @param provider for people, for example `Microsoft Network`
 * @param types by full type: what one of it is called, then its rights
 */
export function describeOperations(
  provider: string,
  types: Readonly<Record<string, readonly [string, ...Right[]]>>,
): readonly OperationDescription[] {
  return Object.entries(types).flatMap(([type, [resource, ...rights]]) =>
    rights.map((right) => {
      const action = right.replace(/\/action$/, '');
      const [operation, verb] = words[right] ?? [action, `Performs ${action} on`];
      const named = `${operation} ${resource}`;
      return {
        name: `${type}/${right}`,
        isDataAction: false,
        display: { provider, resource, operation: named, description: `${verb} a ${resource}` },
      };
    }),
  );
}
