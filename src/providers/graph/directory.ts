/**
 * Who can be given a role: the applications of the service and the identities that are resources. Both are
 * service principals to the clients of the directory.
 */
import { isJsonObject } from '../../model/json.ts';
import { listAll } from '../../store/list-all.ts';
import type { Store } from '../../store/store.ts';

export interface DirectoryObject {
  /** GUID: what role assignments name. */
  readonly objectId: string;
  /** GUID: what logs in. */
  readonly appId: string;
  readonly displayName: string;
  readonly kind: 'Application' | 'ManagedIdentity';
}

export interface Directory {
  find(objectId: string): Promise<DirectoryObject | undefined>;
  list(): Promise<readonly DirectoryObject[]>;
}

/** The applications that may log in; the identity room has them. */
export interface ApplicationSource {
  list(): Promise<readonly Omit<DirectoryObject, 'kind'>[]>;
}

export const userAssignedIdentityType = 'Microsoft.ManagedIdentity/userAssignedIdentities';

export function createDirectory(deps: {
  readonly store: Pick<Store, 'resources'>;
  readonly applications: ApplicationSource;
}): Directory {
  const list = async (): Promise<readonly DirectoryObject[]> => {
    const objects: DirectoryObject[] = (await deps.applications.list()).map((application) => ({
      ...application,
      kind: 'Application',
    }));
    for await (const { name, body } of listAll(deps.store.resources, { type: userAssignedIdentityType })) {
      const properties = isJsonObject(body['properties']) ? body['properties'] : {};
      const { principalId, clientId } = properties;
      if (typeof principalId !== 'string' || typeof clientId !== 'string') continue;
      objects.push({ objectId: principalId, appId: clientId, displayName: name, kind: 'ManagedIdentity' });
    }
    return objects;
  };
  return {
    list,
    find: async (objectId) => {
      const key = objectId.toLowerCase();
      return (await list()).find((object) => object.objectId.toLowerCase() === key);
    },
  };
}
