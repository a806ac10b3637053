/** The image builder on a store in memory, with stand-ins for the rest of the service. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '../../../model/json.ts';
import type { PutFileRequest } from '../../../store/blobs/blob-service.ts';
import type { ResourceDraft } from '../../../store/records.ts';
import type { Store } from '../../../store/store.ts';
import { openMemoryStore } from '../../../store/testing/memory-store.ts';
import { removeBelow } from '../../arm/remove-below.ts';
import type { Dispatch, ResourceProvider } from '../../resource-provider.ts';
import { testPrincipal } from '../../testing/arm-request.ts';
import type { ImageBuilderDependencies } from '../dependencies.ts';
import { textsOf } from '../template-record.ts';
import { createImageBuilderProvider, imageBuilderTypes } from '../provider.ts';
import { FakeRuns } from './fake-runs.ts';

export const subscription = '00000000-0000-0000-0000-000000000000';
export const groupId = `/subscriptions/${subscription}/resourceGroups/images-rg`;
export const templates = `${groupId}/providers/Microsoft.VirtualMachineImages/imageTemplates`;
export const identityId = `${groupId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/image-builder`;

export interface ImageBuilderService extends AsyncDisposable {
  readonly provider: ResourceProvider;
  readonly store: Store;
  readonly runs: FakeRuns;
  /** Actions that nobody is allowed, `<action> <scope>` with any part of it. */
  readonly denied: Set<string>;
  readonly files: Omit<PutFileRequest, 'signal'>[];
  /** Parts of requests to other providers that fail, each once. */
  readonly trouble: Set<string>;
  /** Method and path of everything that other providers were asked. */
  readonly asked: string[];
}

export interface ServiceOptions {
  /** Without jobs nothing leaves `Creating` or `Deleting`. */
  readonly jobs: boolean;
}

export async function startImageBuilder({ jobs }: ServiceOptions): Promise<ImageBuilderService> {
  const store = await openMemoryStore();
  const workFolder = await mkdtemp(join(tmpdir(), 'goldsmith-image-builder-'));
  const runs = new FakeRuns(store);
  const denied = new Set<string>();
  const files: Omit<PutFileRequest, 'signal'>[] = [];
  const asked: string[] = [];
  const trouble = new Set<string>();
  const dependencies: ImageBuilderDependencies = {
    store,
    runs,
    access: {
      allowed: async (_, action, scope) => ![...denied].some((part) => `${action} ${scope}`.includes(part)),
    },
    dispatch: async (request) => {
      asked.push(`${request.method} ${request.path}`);
      for (const part of trouble) {
        if (!`${request.method} ${request.path}`.includes(part)) continue;
        trouble.delete(part);
        throw new Error(`no answer to ${request.method} ${request.path}`);
      }
      return answer(store, request);
    },
    servicePrincipal: testPrincipal,
    blobs: {
      locate: () => undefined,
      getFile: async () => {
        throw new Error('no address is one of these blobs');
      },
      putFile: async (file) => {
        files.push(file);
        return { url: 'https://blobs.test', kind: 'BlockBlob', sizeBytes: 0, sentBytes: 0 };
      },
    },
    hasPlatformImage: async ({ offer }) => offer !== 'unknown',
    workFolder,
    now: () => new Date(),
    newId: randomUUID,
    downloads: {
      ...{
        attempts: 1,
        firstPauseMs: 1,
        longestPauseMs: 1,
        stallMs: 5_000,
        maxRedirects: 1,
        maxBytes: 1 << 20,
      },
    },
  };
  await putResource(store, groupId, { location: 'westus2' });
  const principals = { principalId: randomUUID(), clientId: randomUUID() };
  await putResource(store, identityId, { body: { properties: principals } });
  const provider = jobs ? await createImageBuilderProvider(dependencies) : imageBuilderTypes(dependencies);
  return {
    ...{ provider, store, runs, denied, files, trouble, asked },
    [Symbol.asyncDispose]: async () => {
      await provider[Symbol.asyncDispose]?.();
      await store[Symbol.asyncDispose]();
      await rm(workFolder, { recursive: true, force: true });
    },
  };
}

/** Stores a resource of any provider, over an older one. */
export async function putResource(
  store: Store,
  id: string,
  more: Partial<Pick<ResourceDraft, 'location' | 'tags' | 'body'>> = {},
): Promise<void> {
  const [, , subscriptionId = '', , resourceGroup, , namespace, ...pairs] = id.split('/');
  const words = pairs.filter((_, index) => index % 2 === 0);
  const at = new Date().toISOString();
  const draft: ResourceDraft = {
    ...{ id, subscriptionId, name: id.split('/').at(-1) ?? '', secret: undefined },
    type: namespace === undefined ? 'Microsoft.Resources/resourceGroups' : [namespace, ...words].join('/'),
    resourceGroup: namespace === undefined ? undefined : resourceGroup,
    location: more.location,
    tags: more.tags ?? {},
    body: more.body ?? { properties: { provisioningState: 'Succeeded' } },
    ...{ createdAt: at, createdBy: 'test', createdByType: 'Application' as const },
    ...{ changedAt: at, changedBy: 'test', changedByType: 'Application' as const },
  };
  if ((await store.resources.insert(draft)) === undefined) await store.resources.replace(draft);
}

/** The other providers: whatever is put is there, whatever is deleted is gone with all that is in it. */
async function answer(
  store: Store,
  { method, path, body }: Parameters<Dispatch>[0],
): Promise<{ status: number }> {
  if (method === 'DELETE') {
    await removeBelow(store, path);
    await store.resources.remove(path);
    return { status: 202 };
  }
  const fields: JsonObject = isJsonObject(body) ? body : {};
  const { location, tags } = fields;
  await putResource(store, path, {
    ...(typeof location === 'string' ? { location } : {}),
    tags: isJsonObject(tags) ? textsOf(tags) : {},
  });
  return { status: 200 };
}
