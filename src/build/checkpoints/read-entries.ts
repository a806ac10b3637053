/** Reading checkpoints, without a lock. What is odd in any way is not there. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointLayout } from './layout.ts';
import {
  MANIFEST_FILE,
  readManifest,
  USED_FILE,
  type CheckpointManifest,
  type CheckpointRef,
} from './manifest.ts';

/** A checkpoint that is there with all its files, and all those it lies on too. */
export interface CheckpointEntry extends CheckpointManifest {
  readonly folder: string;
  /** What its files take on disk; holes cost nothing, the layers below are not counted. */
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly lastUsedMs: number;
}

/** Clocks of one machine jump a little; an entry from further ahead was made under another clock. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

export async function findEntry(
  layout: CheckpointLayout,
  key: string,
  nowMs: number,
): Promise<CheckpointEntry | undefined> {
  const entry = await readEntry(layout, key, nowMs);
  if (entry === undefined) return undefined;
  return (await readChain(layout, entry, nowMs)) === undefined ? undefined : entry;
}

/** Every entry, oldest first. */
export async function listEntries(
  layout: CheckpointLayout,
  nowMs: number,
): Promise<readonly CheckpointEntry[]> {
  const keys = await entryNames(layout);
  const read = await Promise.all(keys.map(async (key) => readEntry(layout, key, nowMs)));
  const byId = new Map(read.flatMap((entry) => (entry === undefined ? [] : [[entry.id, entry] as const])));
  return [...byId.values()]
    .filter((entry) => standsOnWhole(entry, byId))
    .toSorted((one, other) => one.createdAtMs - other.createdAtMs);
}

/** The machine that `ref` names and all it lies on, base-most first; undefined when one is gone or was replaced. */
export async function readChain(
  layout: CheckpointLayout,
  ref: CheckpointRef,
  nowMs: number,
): Promise<readonly CheckpointEntry[] | undefined> {
  const chain: CheckpointEntry[] = [];
  for (let next: CheckpointRef | undefined = ref; next !== undefined; next = chain[0]?.parent) {
    const { key, id }: CheckpointRef = next;
    const entry = chain.some((above) => above.key === key) ? undefined : await readEntry(layout, key, nowMs);
    if (entry?.id !== id) return undefined;
    chain.unshift(entry);
  }
  return chain;
}

/** Those of `entries` that lie on `root`, and `root` itself if it is among them; each before what it lies on. */
export function withDescendants(
  entries: readonly CheckpointEntry[],
  root: CheckpointRef,
): readonly CheckpointEntry[] {
  const children = entries.filter(({ parent }) => parent?.id === root.id);
  return [
    ...children.flatMap((child) => withDescendants(entries, child)),
    ...entries.filter(({ id }) => id === root.id),
  ];
}

/** Names below `entries/`, whatever they are. */
export async function entryNames(layout: CheckpointLayout): Promise<readonly string[]> {
  try {
    return await readdir(layout.entries);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** One entry by itself: what it lies on is not looked at. */
async function readEntry(
  layout: CheckpointLayout,
  key: string,
  nowMs: number,
): Promise<CheckpointEntry | undefined> {
  const folder = join(layout.entries, key);
  const manifest = await readManifest(folder);
  if (manifest?.key !== key || manifest.createdAtMs > nowMs + CLOCK_TOLERANCE_MS) return undefined;
  try {
    const sizes = await Promise.all(
      manifest.files.map(async ({ name, sizeBytes }) => {
        const stat = await lstat(join(folder, name));
        return stat.isFile() && stat.size === sizeBytes ? stat.blocks * 512 : undefined;
      }),
    );
    if (sizes.includes(undefined)) return undefined;
    const own = await lstat(join(folder, MANIFEST_FILE));
    return {
      ...manifest,
      folder,
      sizeBytes: sizes.reduce<number>((sum, size) => sum + (size ?? 0), own.blocks * 512),
      lastUsedMs: Math.min(await lastUsed(folder, manifest.createdAtMs), nowMs),
    };
  } catch {
    return undefined; // a file is missing, or somebody is just removing it
  }
}

async function lastUsed(folder: string, createdAtMs: number): Promise<number> {
  try {
    return (await lstat(join(folder, USED_FILE))).mtimeMs;
  } catch {
    return createdAtMs;
  }
}

function standsOnWhole(entry: CheckpointEntry, byId: ReadonlyMap<string, CheckpointEntry>): boolean {
  const seen = new Set<string>();
  let at: CheckpointEntry = entry;
  while (at.parent !== undefined) {
    const below = byId.get(at.parent.id);
    if (below === undefined || below.key !== at.parent.key || seen.has(below.id)) return false;
    seen.add(below.id);
    at = below;
  }
  return true;
}
