/** A store in memory with the providers that every scenario needs. */
import { createAccessCheck, type AccessCheck } from '../../identity/access/access-check.ts';
import type { Store } from '../../store/store.ts';
import { openMemoryStore } from '../../store/testing/memory-store.ts';
import { createAuthorizationProvider } from '../authorization/provider.ts';
import { createDirectory, type DirectoryObject } from '../graph/directory.ts';
import type { Dispatch, ResourceProvider } from '../resource-provider.ts';
import { createResourcesProvider, type ResourcesProvider } from '../resources/provider.ts';
import { send } from './arm-request.ts';

export const subscription = '/subscriptions/00000000-0000-0000-0000-00000000000a';

export interface TestService extends AsyncDisposable {
  readonly store: Store;
  readonly access: AccessCheck;
  readonly authorization: ResourceProvider;
  readonly resources: ResourcesProvider;
  readonly now: () => Date;
  /** Makes a group. @returns its id. */
  group(name: string): Promise<string>;
}

export interface TestServiceOptions {
  readonly applications?: readonly Omit<DirectoryObject, 'kind'>[];
  readonly dispatch?: Dispatch;
}

export async function openTestService(options: TestServiceOptions = {}): Promise<TestService> {
  const store = await openMemoryStore();
  const now = (): Date => new Date();
  const access = createAccessCheck({ store });
  const directory = createDirectory({
    store,
    applications: { list: async () => options.applications ?? [] },
  });
  const dispatch: Dispatch =
    options.dispatch ??
    (async () => {
      throw new Error('this test deletes no groups');
    });
  const resources = createResourcesProvider({ store, access, dispatch, now, deletionSliceMs: 50 });
  return {
    store,
    access,
    now,
    resources,
    authorization: createAuthorizationProvider({ store, access, directory, now }),
    group: async (name) => {
      const id = `${subscription}/resourceGroups/${name}`;
      const reply = await send(resources, 'PUT', id, { body: { location: 'westus2' } });
      if (reply.status !== 201) throw new Error(`the group was answered ${reply.status}`);
      return id;
    },
    [Symbol.asyncDispose]: async () => {
      access[Symbol.dispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}
