/** The `Cache` port on the checkpoint store. Looking and pruning need no build user. */
import { cacheLimitBytes } from '../build/checkpoints/cache-limit.ts';
import { DEFAULT_MAX_IDLE_MS } from '../build/checkpoints/checkpoint-store.ts';
import { pruneEntries } from '../build/checkpoints/evict.ts';
import { checkpointLayout } from '../build/checkpoints/layout.ts';
import { listEntries, type CheckpointEntry } from '../build/checkpoints/read-entries.ts';
import type { Home } from '../host/home.ts';
import type { Cache, CacheEntry, CachePruneRequest } from './ports.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export function connectCache(home: () => Home, env: Environment): Cache {
  return {
    list: async () => ({
      limitBytes: await cacheLimitBytes(home().cache, env),
      entries: (await listEntries(checkpointLayout(home()), Date.now())).map(describe),
    }),
    prune: async (request, signal) =>
      pruneEntries(checkpointLayout(home()), {
        limitBytes: await limitOf(home(), env, request),
        maxIdleMs: request.maxIdleMs ?? DEFAULT_MAX_IDLE_MS,
        nowMs: Date.now(),
        signal,
      }),
  };
}

async function limitOf(home: Home, env: Environment, request: CachePruneRequest): Promise<number> {
  if (request.all) return -1; // even what takes no bytes is too much
  return request.maxSizeBytes ?? (await cacheLimitBytes(home.cache, env));
}

function describe(entry: CheckpointEntry): CacheEntry {
  const { key, kind, title, templateName, tookMs, sizeBytes } = entry;
  return {
    ...{ key, kind, title, templateName, tookMs, sizeBytes },
    parentKey: entry.parent?.key,
    createdAt: new Date(entry.createdAtMs).toISOString(),
    lastUsedAt: new Date(entry.lastUsedMs).toISOString(),
  };
}
