/** The `Cleaning` port: abandoned runs through the reaper, finished runs and caches as folders. */
import { lstatSync, readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { CHECKPOINTS_FOLDER, checkpointLayout } from '../build/checkpoints/layout.ts';
import { removeAllEntries } from '../build/checkpoints/evict.ts';
import { deadStaging, sweepStaging } from '../build/checkpoints/staging.ts';
import type { Home } from '../host/home.ts';
import { readJournal, readOwner, type RunFolderState } from '../host/journal/journal.ts';
import { isAlive } from '../host/journal/process-identity.ts';
import { reapAbandoned } from '../host/journal/reaper.ts';
import { removeTree } from '../host/journal/remove-tree.ts';
import { openImageStore } from '../images/store/image-store.ts';
import { GoldsmithError } from '../model/errors.ts';
import type { CleanedThing, Cleaning } from './ports.ts';

/** Removes a run's folder, and what it recorded elsewhere; the bytes freed. */
async function removeRun(runDir: string, signal: AbortSignal): Promise<number> {
  if (useOf(runDir) === 'busy') {
    throw new GoldsmithError('Conflict', 'The run is still going on', {
      hint: 'Cancel it with Ctrl-C or SIGTERM, or wait for its end.',
    });
  }
  const freedBytes = treeBytes(runDir);
  for (const path of outstandingPaths(runDir)) await removeTree(path, signal);
  await removeTree(runDir, signal);
  return freedBytes;
}

interface RunFolder {
  readonly path: string;
  /** `busy` belongs to a living build and is never touched. */
  readonly use: 'busy' | 'abandoned' | Exclude<RunFolderState, 'active'>;
}

export function connectCleaning(home: () => Home): Cleaning {
  return {
    reap: async (say, signal) => {
      await reapAbandoned(home(), { signal, onLine: say });
      await sweepStaging(checkpointLayout(home()), signal);
    },
    clean: async (options, signal) => clean(home(), options, signal),
    removeRun: async (runId, signal) => removeRun(join(home().runs, runId), signal),
  };
}

async function clean(
  home: Home,
  options: { all: boolean; dryRun: boolean },
  signal: AbortSignal,
): Promise<readonly CleanedThing[]> {
  const { all, dryRun } = options;
  const runs = runFolders(home);
  const abandoned = runs.filter(({ use }) => use === 'abandoned');
  const things = abandoned.flatMap(({ path }) => leftoversOf(path, all && dryRun));
  const checkpoints = checkpointLayout(home);
  const unfinished = all && dryRun ? [] : await deadStaging(checkpoints); // else part of the cache that would go
  things.push(...unfinished.map((path) => ({ what: 'leftover', path, freedBytes: treeBytes(path) })));
  if (!dryRun) {
    await reapAbandoned(home, { signal });
    await sweepStaging(checkpoints, signal);
  }
  for (const { what, path } of all ? finishedThings(home, runs) : []) {
    things.push({ what, path, freedBytes: treeBytes(path) });
    if (dryRun) continue;
    if (what === 'run') await removeRun(path, signal);
    else if (basename(path) === CHECKPOINTS_FOLDER) await removeAllEntries(home, signal);
    else await removeTree(path, signal);
  }
  return dryRun ? things : [...things, ...removeUnnamedContent(home)];
}

/** Runs that are over, and caches unless a living build may be reading or filling them. */
function finishedThings(home: Home, runs: readonly RunFolder[]): readonly { what: string; path: string }[] {
  const over = runs.filter(({ use }) => use !== 'busy').map(({ path }) => ({ what: 'run', path }));
  if (over.length < runs.length) return over;
  return [
    ...over,
    ...readdirSync(home.cache).map((name) => ({ what: 'cache', path: join(home.cache, name) })),
  ];
}

function removeUnnamedContent(home: Home): readonly CleanedThing[] {
  using store = openImageStore(home);
  const { removed, freedBytes } = store.collectGarbage();
  return removed.length === 0 ? [] : [{ what: 'unnamed image content', path: undefined, freedBytes }];
}

function runFolders(home: Home): readonly RunFolder[] {
  return readdirSync(home.runs, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => {
      const path = join(home.runs, entry.name);
      return { path, use: useOf(path) };
    });
}

function useOf(runDir: string): RunFolder['use'] {
  const owner = readOwner(runDir);
  if (owner === undefined) return 'ended';
  if (owner.state !== 'active') return owner.state;
  return isAlive(owner.owner) ? 'busy' : 'abandoned';
}

/** What the reaper will remove of a run that nobody owns any more; only what lies elsewhere when its folder goes too. */
function leftoversOf(runDir: string, onlyOutside: boolean): CleanedThing[] {
  return outstandingPaths(runDir)
    .filter((path) => !onlyOutside || relative(runDir, path).startsWith('..'))
    .map((path) => ({ what: 'leftover', path, freedBytes: treeBytes(path) }));
}

function outstandingPaths(runDir: string): readonly string[] {
  return readJournal(runDir).flatMap(({ resource }) => (resource.kind === 'process' ? [] : [resource.path]));
}

/** Bytes that removing `path` frees; what is gone or may not be looked into counts 0. */
function treeBytes(path: string): number {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  let below = 0;
  if (stat.isDirectory()) {
    try {
      below = readdirSync(path).reduce((sum, name) => sum + treeBytes(join(path, name)), 0);
    } catch {
      // a folder of a subordinate user id
    }
  }
  return stat.blocks * 512 + below;
}
