/** One pass over a group: asks for the deletion of everything in it, then waits a while for it to be gone. */
import { ArmError } from '../../../arm/arm-error.ts';
import type { Principal } from '../../../identity/principal.ts';
import { isJsonObject } from '../../../model/json.ts';
import { listAll } from '../../../store/list-all.ts';
import type { ResourceRecord } from '../../../store/records.ts';
import type { Store } from '../../../store/store.ts';
import type { ArmReply, Dispatch } from '../../resource-provider.ts';

export interface EmptyGroupDeps {
  readonly store: Store;
  readonly dispatch: Dispatch;
  readonly waitMs: number;
}

export interface EmptyGroupOrder {
  readonly groupId: string;
  readonly principal: Principal;
  readonly correlationId: string;
}

export interface Leftover {
  readonly id: string;
  readonly code: string;
  readonly message: string;
}

export interface EmptyGroupResult {
  /** Resources that are still there. */
  readonly remaining: number;
  /** True when one of them is being deleted right now. */
  readonly waiting: boolean;
  /** Why the others are still there. */
  readonly leftovers: readonly Leftover[];
}

const mostAtOnce = 16;
/** An error with thousands of details helps nobody. */
const mostExplained = 100;

export async function emptyGroup(
  deps: EmptyGroupDeps,
  order: EmptyGroupOrder,
  signal: AbortSignal,
): Promise<EmptyGroupResult> {
  const { store, waitMs } = deps;
  using notices = watchGroup(store, order.groupId);
  const refusals = new Map<string, Leftover>();
  for (const sameDepth of deepestFirst(await contentOf(store, order.groupId))) {
    for (let at = 0; at < sameDepth.length; at += mostAtOnce) {
      const some = sameDepth.slice(at, at + mostAtOnce);
      // Each batch waits for the one before: a group of thousands must not flood the providers.
      const answers = await Promise.all(some.map(async ({ id }) => askFor(deps, order, id, signal)));
      for (const refusal of answers)
        if (refusal !== undefined) refusals.set(refusal.id.toLowerCase(), refusal);
    }
  }
  const deadline = AbortSignal.timeout(waitMs);
  for (;;) {
    signal.throwIfAborted();
    const change = notices.next(AbortSignal.any([signal, deadline]));
    const left = await contentOf(store, order.groupId);
    const pending = await Promise.all(left.map(async ({ id }) => isGoing(store, id)));
    const waiting = pending.includes(true);
    if (left.length === 0 || !waiting || deadline.aborted) {
      return { remaining: left.length, waiting, leftovers: await explain(store, left, refusals) };
    }
    await change;
  }
}

/** What a group holds, besides rights and locks, which go with the group. */
async function contentOf(
  { resources }: Pick<Store, 'resources'>,
  groupId: string,
): Promise<readonly ResourceRecord[]> {
  const all = await Array.fromAsync(listAll(resources, { under: groupId }));
  return all.filter(({ type }) => !type.toLowerCase().startsWith('microsoft.authorization/'));
}

/** Children before their parents: most providers refuse a parent that still has children. */
function deepestFirst(records: readonly ResourceRecord[]): readonly (readonly ResourceRecord[])[] {
  const byDepth = Map.groupBy(records, ({ id }) => id.split('/').length);
  return [...byDepth].toSorted(([a], [b]) => b - a).map(([, sameDepth]) => sameDepth);
}

/** @returns why the provider refuses; undefined when it has deleted it, or will. */
async function askFor(
  { store, dispatch }: EmptyGroupDeps,
  { principal, correlationId }: EmptyGroupOrder,
  id: string,
  signal: AbortSignal,
): Promise<Leftover | undefined> {
  if (await isGoing(store, id)) return undefined;
  try {
    const reply = await dispatch({
      method: 'DELETE',
      path: id,
      body: undefined,
      principal,
      correlationId,
      signal,
    });
    return reply.status < 400 ? undefined : { id, ...errorOf(reply) };
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    return { id, code: error.detail.code, message: error.detail.message };
  }
}

async function isGoing({ operations }: Pick<Store, 'operations'>, id: string): Promise<boolean> {
  const pending = await operations.pendingOf(id);
  return pending.some(({ kind }) => /delete$/i.test(kind));
}

async function explain(
  { resources }: Pick<Store, 'resources'>,
  left: readonly ResourceRecord[],
  refusals: ReadonlyMap<string, Leftover>,
): Promise<readonly Leftover[]> {
  const stillThere = await Promise.all(left.slice(0, mostExplained).map(async ({ id }) => resources.get(id)));
  return stillThere.flatMap((record) => {
    if (record === undefined) return [];
    const unknown = { id: record.id, code: 'DeletionFailed', message: 'The resource could not be deleted.' };
    return [refusals.get(record.id.toLowerCase()) ?? unknown];
  });
}

function errorOf({ body }: ArmReply): { readonly code: string; readonly message: string } {
  const error = isJsonObject(body) && isJsonObject(body['error']) ? body['error'] : {};
  const { code, message } = error;
  return {
    code: typeof code === 'string' ? code : 'DeletionFailed',
    message: typeof message === 'string' ? message : 'The resource could not be deleted.',
  };
}

interface Notices extends Disposable {
  /** Resolves at the next change in the group, or when `signal` fires. */
  next(signal: AbortSignal): Promise<void>;
}

function watchGroup(store: Pick<Store, 'subscribe'>, groupId: string): Notices {
  const prefix = `${groupId.toLowerCase()}/`;
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  const stops = [
    store.subscribe('resources', (key) => (key.startsWith(prefix) ? wake() : undefined)),
    store.subscribe('operations', wake),
  ];
  return {
    next: async (signal) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
      return promise;
    },
    [Symbol.dispose]: () => {
      for (const stop of stops) stop();
    },
  };
}
