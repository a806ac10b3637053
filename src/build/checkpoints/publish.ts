/** From a staging folder to an entry, in one rename. */
import { chmodSync, chownSync, lstatSync, readdirSync } from 'node:fs';
import { rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, writeFileAtomic } from '../../host/atomic-file.ts';
import { giveToBuildUser, type BuildUser } from '../../host/build-user.ts';
import { GoldsmithError } from '../../model/errors.ts';
import {
  condemn,
  condemnDamaged,
  condemnExcess,
  lockStore,
  removeDoomed,
  type Doomed,
  type EvictionLimits,
} from './evict.ts';
import { digestFile } from './file-digest.ts';
import { makeLayout, type CheckpointLayout } from './layout.ts';
import {
  makeManifest,
  MANIFEST_FILE,
  USED_FILE,
  type CheckpointDraft,
  type CheckpointFile,
  type CheckpointManifest,
} from './manifest.ts';
import { entryNames, findEntry, listEntries, withDescendants } from './read-entries.ts';

/**
 * `published`: it is in the store (unless it alone is larger than the limit). `kept`: another build made the same
 * checkpoint meanwhile, and that one stays. `orphaned`: what it lies on is gone, so it was thrown away.
 */
export type PublishOutcome = 'published' | 'kept' | 'orphaned';

/** The one file that QEMU opens for writing even though it maps it privately. */
const MEMORY_FILE = 'memory';

export interface PublishRequest extends EvictionLimits {
  readonly layout: CheckpointLayout;
  readonly user: BuildUser;
  readonly folder: string;
  readonly id: string;
  readonly draft: CheckpointDraft;
  /** An entry with the same key that was created later stays. */
  readonly keepFromMs: number;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** Describes, checks and places the staging folder, then prunes. Whatever happens, the folder is gone afterwards. */
export async function publishEntry(request: PublishRequest): Promise<PublishOutcome> {
  const { layout, folder, signal } = request;
  try {
    const manifest = makeManifest(request.draft, request.id, await describeFiles(request));
    await writeFile(join(folder, USED_FILE), '', { mode: 0o600 });
    await markUsed({ folder }, request.nowMs);
    writeFileAtomic(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest)}\n`, 0o600);
    const doomed: Doomed[] = [];
    let outcome: PublishOutcome;
    {
      await using _lock = await lockStore(layout, signal, 'publishing a checkpoint');
      outcome = await place(request, manifest, doomed);
      doomed.push(...(await condemnExcess(layout, request)));
    }
    await removeDoomed(doomed, signal);
    return outcome;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Takes the folder back from the build user, who could otherwise swap names under our eyes, and reads its files. */
async function describeFiles(request: PublishRequest): Promise<readonly CheckpointFile[]> {
  const { folder, user, signal } = request;
  if (user.dropsPrivileges) chownSync(folder, 0, 0);
  const names = readdirSync(folder).toSorted();
  for (const name of names) {
    const path = join(folder, name);
    if (!lstatSync(path).isFile()) {
      throw new GoldsmithError('Internal', `A checkpoint may hold plain files only, "${name}" is none`);
    }
    giveToBuildUser(user, path);
    chmodSync(path, name === MEMORY_FILE ? 0o600 : 0o400);
  }
  return Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const sizeBytes = lstatSync(path).size;
      return { name, sizeBytes, digest: await digestFile(path, sizeBytes, signal) };
    }),
  );
}

/** The caller holds the lock. */
async function place(
  request: PublishRequest,
  manifest: CheckpointManifest,
  doomed: Doomed[],
): Promise<PublishOutcome> {
  const { layout, folder, nowMs } = request;
  makeLayout(layout);
  if (manifest.parent !== undefined) {
    const below = await findEntry(layout, manifest.parent.key, nowMs);
    if (below?.id !== manifest.parent.id) return 'orphaned';
    await markUsed(below, nowMs);
  }
  const entries = await listEntries(layout, nowMs);
  const old = entries.find(({ key }) => key === manifest.key);
  if (old !== undefined && old.createdAtMs > request.keepFromMs) return 'kept';
  // What lies on the old machine does not fit on this one, so it goes first.
  for (const entry of old === undefined ? [] : withDescendants(entries, old)) {
    doomed.push(await condemn(layout, entry, 'asked'));
  }
  if ((await entryNames(layout)).includes(manifest.key)) {
    doomed.push(await condemnDamaged(layout, manifest.key));
  }
  await rename(folder, join(layout.entries, manifest.key));
  syncFolder(layout.entries);
  return 'published';
}

/** Puts an entry at the end of the queue of those to be evicted. One that is just going away is left alone. */
export async function markUsed(entry: { readonly folder: string }, nowMs: number): Promise<void> {
  await utimes(join(entry.folder, USED_FILE), nowMs / 1000, nowMs / 1000).catch(() => undefined);
}
