/** Taking entries out of the store: by name, by age, and by size, least recently used first. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Home } from '../../host/home.ts';
import { takeLock } from '../../host/journal/locks.ts';
import { removeTree } from '../../host/journal/remove-tree.ts';
import { checkpointLayout, makeLayout, type CheckpointLayout } from './layout.ts';
import type { CheckpointKind } from './manifest.ts';
import { entryNames, listEntries, withDescendants, type CheckpointEntry } from './read-entries.ts';
import { moveAway, sweepStaging } from './staging.ts';

/** `damaged`: not whole, from the future, of another format, or on top of something that is gone. */
export type EvictionReason = 'asked' | 'damaged' | 'space' | 'age';

export interface EvictedCheckpoint {
  /** The name of its folder, when it was too damaged to tell. */
  readonly key: string;
  readonly kind: CheckpointKind | undefined;
  readonly title: string | undefined;
  readonly templateName: string | undefined;
  readonly sizeBytes: number;
  readonly reason: EvictionReason;
}

export interface EvictionLimits {
  readonly limitBytes: number;
  /** Entries that were of no use for longer than this go. */
  readonly maxIdleMs: number;
}

/**
 * Removes the entry that `ref` names and every one on top of it, those first.
 * @returns what was removed; nothing when it was gone already.
 * @throws GoldsmithError `Cancelled` while somebody else has the lock.
 */
export async function dropEntries(
  layout: CheckpointLayout,
  ref: { readonly key: string; readonly id?: string },
  options: { readonly nowMs: number; readonly signal: AbortSignal },
): Promise<readonly EvictedCheckpoint[]> {
  const doomed: Doomed[] = [];
  {
    await using _lock = await lockStore(layout, options.signal, 'dropping checkpoints');
    const entries = await listEntries(layout, options.nowMs);
    const root = entries.find(({ key, id }) => key === ref.key && (ref.id ?? id) === id);
    const all = root === undefined ? [] : withDescendants(entries, root);
    for (const entry of all) doomed.push(await condemn(layout, entry, 'asked'));
  }
  return removeDoomed(doomed, options.signal);
}

/**
 * Removes what is damaged, then what is too old or too much, least recently used first and never a parent before
 * its children; also what dead processes left in the staging folder.
 * @throws GoldsmithError `Cancelled`.
 */
export async function pruneEntries(
  layout: CheckpointLayout,
  options: EvictionLimits & { readonly nowMs: number; readonly signal: AbortSignal },
): Promise<readonly EvictedCheckpoint[]> {
  await sweepStaging(layout, options.signal);
  const doomed: Doomed[] = [];
  {
    await using _lock = await lockStore(layout, options.signal, 'pruning checkpoints');
    doomed.push(...(await condemnExcess(layout, options)));
  }
  return removeDoomed(doomed, options.signal);
}

/** Removes the whole store, also what is under construction; while nobody else changes it. */
export async function removeAllEntries(home: Home, signal: AbortSignal): Promise<void> {
  const layout = checkpointLayout(home);
  await using _lock = await lockStore(layout, signal, 'removing all checkpoints');
  await removeTree(layout.root, signal);
}

/** An entry that is out of sight, and whose bytes still have to go. */
export interface Doomed {
  readonly evicted: EvictedCheckpoint;
  readonly folder: string | undefined;
}

/** What {@link pruneEntries} does under the lock. */
export async function condemnExcess(
  layout: CheckpointLayout,
  limits: EvictionLimits & { readonly nowMs: number },
): Promise<readonly Doomed[]> {
  const entries = await listEntries(layout, limits.nowMs);
  const whole = new Set(entries.map(({ key }) => key));
  const doomed: Doomed[] = [];
  for (const name of await entryNames(layout)) {
    if (!whole.has(name)) doomed.push(await condemnDamaged(layout, name));
  }
  for (const { entry, reason } of chooseExcess(entries, limits)) {
    doomed.push(await condemn(layout, entry, reason));
  }
  return doomed;
}

/** Which entries have to go, in the order in which they may. */
export function chooseExcess(
  entries: readonly CheckpointEntry[],
  limits: EvictionLimits & { readonly nowMs: number },
): readonly { readonly entry: CheckpointEntry; readonly reason: EvictionReason }[] {
  const chosen: { entry: CheckpointEntry; reason: EvictionReason }[] = [];
  let left = entries.toSorted((one, other) => one.lastUsedMs - other.lastUsedMs);
  let totalBytes = left.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  for (;;) {
    const parents = new Set(left.map(({ parent }) => parent?.id));
    const entry = left.find(({ id }) => !parents.has(id));
    if (entry === undefined) return chosen;
    const tooOld = limits.nowMs - entry.lastUsedMs > limits.maxIdleMs;
    if (!tooOld && totalBytes <= limits.limitBytes) return chosen;
    chosen.push({ entry, reason: tooOld ? 'age' : 'space' });
    left = left.filter((other) => other !== entry);
    totalBytes -= entry.sizeBytes;
  }
}

/** Takes an entry out of sight; the caller holds the lock and removes the bytes later. */
export async function condemn(
  layout: CheckpointLayout,
  entry: CheckpointEntry,
  reason: EvictionReason,
): Promise<Doomed> {
  const { key, kind, title, templateName, sizeBytes } = entry;
  const folder = await moveAway(layout, entry.folder);
  return { folder, evicted: { key, kind, title, templateName, sizeBytes, reason } };
}

/** The same for a folder that is no whole entry. */
export async function condemnDamaged(layout: CheckpointLayout, name: string): Promise<Doomed> {
  const path = join(layout.entries, name);
  const sizeBytes = await folderBytes(path);
  const folder = await moveAway(layout, path);
  const unknown = { kind: undefined, title: undefined, templateName: undefined };
  return { folder, evicted: { key: name, ...unknown, sizeBytes, reason: 'damaged' } };
}

export async function removeDoomed(
  doomed: readonly Doomed[],
  signal: AbortSignal,
): Promise<readonly EvictedCheckpoint[]> {
  for (const { folder } of doomed) {
    if (folder !== undefined) await removeTree(folder, signal);
  }
  return doomed.map(({ evicted }) => evicted);
}

/** The lock around every change; it is never held while bytes are read, copied or deleted. */
export async function lockStore(layout: CheckpointLayout, signal: AbortSignal, purpose: string) {
  makeLayout(layout);
  return takeLock(layout.lock, { signal, purpose });
}

async function folderBytes(path: string): Promise<number> {
  try {
    const names = await readdir(path);
    const stats = await Promise.all(names.map(async (name) => lstat(join(path, name))));
    return stats.reduce((sum, { blocks }) => sum + blocks * 512, 0);
  } catch {
    return 0; // no folder at all
  }
}
