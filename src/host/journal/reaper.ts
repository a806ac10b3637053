/**
 * Makes `kill -9` harmless: finds runs whose process is gone and undoes what their journals say they left.
 * Every command calls it first. Any number of processes may do so at once, any number of times.
 */
import { lstatSync, readdirSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import * as z from 'zod';
import { readJsonIfExists, writeFileAtomic } from '../atomic-file.ts';
import type { Home } from '../home.ts';
import { readJournal, readOwner, writeOwner, type OutstandingResource } from './journal.ts';
import { lockPath, tryLock } from './locks.ts';
import {
  identifyProcess,
  isAlive,
  OWNER_VARIABLE,
  ownerMark,
  readProc,
  type ProcessIdentity,
} from './process-identity.ts';
import { removeTree } from './remove-tree.ts';

export interface ReapOptions {
  readonly signal: AbortSignal;
  /** One line for each thing that was cleaned up or could not be. */
  readonly onLine?: (line: string) => void;
  /** Injected clock for the end time in the run record. */
  readonly now?: () => Date;
}

/**
 * Cleans up after every abandoned run of `home`.
 * @returns the ids of the runs that were reaped now. A run that cannot be cleaned completely is told through
 *   `onLine`, stays abandoned and is tried again next time. Another process that is reaping already is left alone.
 * @throws GoldsmithError `Cancelled`.
 */
export async function reapAbandoned(home: Home, options: ReapOptions): Promise<readonly string[]> {
  if (abandonedRuns(home).length === 0) return [];
  await using lock = await tryLock(lockPath(home, 'reaper'), {
    signal: options.signal,
    purpose: 'cleaning up',
  });
  if (lock === undefined) return [];
  const reaped: string[] = [];
  for (const runId of abandonedRuns(home)) {
    if (await reapRun(home, runId, options)) reaped.push(runId);
  }
  return reaped;
}

function abandonedRuns(home: Home): readonly string[] {
  return readdirSync(home.runs, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .filter((runId) => {
      const owner = readOwner(join(home.runs, runId));
      return owner?.state === 'active' && !isAlive(owner.owner);
    });
}

async function reapRun(home: Home, runId: string, options: ReapOptions): Promise<boolean> {
  const runDir = join(home.runs, runId);
  const owner = readOwner(runDir);
  if (owner === undefined || owner.state !== 'active' || isAlive(owner.owner)) return false;
  options.onLine?.(`Run ${runId} was abandoned (process ${owner.owner.pid} is gone); cleaning up`);
  const outstanding = readJournal(runDir);
  const doomed = [
    ...processesMarked(ownerMark(owner.owner)),
    ...outstanding.flatMap((entry) => (entry.process === undefined ? [] : [entry.process])),
  ];
  for (const process of doomed) killProcess(process, options);
  let clean = true;
  for (const entry of outstanding.toReversed()) {
    clean = (await removeResource(home, entry, options)) && clean;
  }
  if (!clean) return false;
  endRunRecord(runDir, (options.now ?? (() => new Date()))());
  writeOwner(runDir, { ...owner, state: 'ended' });
  return true;
}

/** Living processes, except this one and its parents, that some program started by `mark`'s process became. */
function processesMarked(mark: string): readonly ProcessIdentity[] {
  const spared = new Set(ownAncestry());
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && !spared.has(Number(name)))
    .filter((name) => readProc(`/proc/${name}/environ`)?.split('\0').includes(`${OWNER_VARIABLE}=${mark}`))
    .flatMap((name) => identifyProcess(Number(name)) ?? []);
}

function ownAncestry(): readonly number[] {
  const pids: number[] = [];
  let pid = process.pid;
  while (pid > 1 && !pids.includes(pid)) {
    pids.push(pid);
    const stat = readProc(`/proc/${pid}/stat`);
    if (stat === undefined) break;
    pid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  }
  return pids;
}

function killProcess(identity: ProcessIdentity, options: ReapOptions): void {
  if (!isAlive(identity)) return;
  const name = readProc(`/proc/${identity.pid}/comm`)?.trim() ?? 'process';
  try {
    process.kill(identity.pid, 'SIGKILL');
    options.onLine?.(`Ended ${name} (process ${identity.pid})`);
  } catch {
    // it ended by itself, or it is not ours: a journal is no reason to kill what the kernel forbids
  }
}

async function removeResource(
  home: Home,
  { resource }: OutstandingResource,
  options: ReapOptions,
): Promise<boolean> {
  if (resource.kind === 'process' || lstatSync(resource.path, { throwIfNoEntry: false }) === undefined)
    return true;
  const path = normalize(resource.path);
  if (holdsHome(path, home)) {
    options.onLine?.(`Not removed, because it holds Goldsmith's own folder: ${path}`);
    return true;
  }
  try {
    await removeTree(path, options.signal);
    options.onLine?.(`Removed ${path}`);
    return true;
  } catch (error) {
    if (options.signal.aborted) throw error;
    options.onLine?.(`Could not remove ${path}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

/** True when removing `path` would take Goldsmith's home, or the whole list of runs or images, with it. */
function holdsHome(path: string, home: Home): boolean {
  return (
    dirname(path) === path ||
    [home.root, home.images, home.runs].some((folder) => !relative(path, folder).startsWith('..'))
  );
}

/** What the record of a run says that was cut off. */
export const CUT_OFF_MESSAGE = 'The program that ran this build was killed before it could finish';

const runRecordSchema = z.looseObject({ state: z.string() });

/** A record that still says `Running` would say so for ever. Everything else in it stays as it was. */
function endRunRecord(runDir: string, now: Date): void {
  const path = join(runDir, 'run.json');
  const record = runRecordSchema.safeParse(readRecord(path)).data;
  if (record === undefined || (record.state !== 'Running' && record.state !== 'Canceling')) return;
  const message = CUT_OFF_MESSAGE;
  const ended = {
    ...record,
    state: record.state === 'Canceling' ? 'Canceled' : 'Failed',
    endTime: now.toISOString(),
    message,
    error: { code: 'Internal', message, details: [] },
  };
  writeFileAtomic(path, `${JSON.stringify(ended, undefined, 2)}\n`);
}

function readRecord(path: string): unknown {
  try {
    return readJsonIfExists(path);
  } catch {
    return undefined;
  }
}
