/** The `Cache` port on the checkpoint store. Looking and pruning need no build user. */
import { dirname } from 'node:path';
import { cacheLimitBytes } from '../build/checkpoints/cache-limit.ts';
import { DEFAULT_MAX_IDLE_MS } from '../build/checkpoints/checkpoint-store.ts';
import { pruneEntries } from '../build/checkpoints/evict.ts';
import { checkpointLayout } from '../build/checkpoints/layout.ts';
import { listEntries, type CheckpointEntry } from '../build/checkpoints/read-entries.ts';
import { lookUpPlan } from '../build/look-up-plan.ts';
import { openScratchFolder } from '../build/scratch-folder.ts';
import { partTitle } from '../guest/customizers/context.ts';
import type { Home } from '../host/home.ts';
import type { BuildEventSink } from '../model/run.ts';
import { openBuildHost } from './connect-build-host.ts';
import type { Cache, CacheEntry, CachePruneRequest, CacheWhy, CacheWhyRequest } from './ports.ts';
import { stepsToldTo } from './step-events.ts';

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
    why: async (request, sink, signal) => why(home(), request, sink, signal),
  };
}

async function why(
  home: Home,
  request: CacheWhyRequest,
  sink: BuildEventSink,
  signal: AbortSignal,
): Promise<CacheWhy> {
  const { template, templateName, templatePath, reuse } = request;
  using host = await openBuildHost(home, signal);
  await using scratch = openScratchFolder(home, host.user);
  await using runner = stepsToldTo(sink, signal);
  const { plan } = await lookUpPlan(
    {
      ...{ template, templateName, reuse },
      templateFolder: templatePath === '-' ? undefined : dirname(templatePath),
    },
    host,
    { runner, workDir: scratch.workDir },
  );
  const start = plan.image ?? plan.starts[0]?.entry;
  return {
    startsFrom: start?.title,
    startsFromAt: start === undefined ? undefined : new Date(start.createdAtMs).toISOString(),
    customizers: template.customize.map((part, index) => {
      const reused = plan.steps[index];
      return {
        name: partTitle(part, 'customizer', index),
        runs: reused?.reused === false ? reused.reason : undefined,
        keptAt: reused?.reused === true ? new Date(reused.createdAtMs).toISOString() : undefined,
      };
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
