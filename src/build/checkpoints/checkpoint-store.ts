/**
 * The store of checkpoints: frozen machines after their boot or after a customizer, and finished images, under the
 * digest of all that led to them. Derived data only: whatever is odd about an entry, it counts as absent and the
 * build goes the long way.
 *
 * Any number of processes may use one store. Readers take no lock; a change is one rename.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { BuildUser } from '../../host/build-user.ts';
import type { Home } from '../../host/home.ts';
import { claimEntry, type ClaimedCheckpoint } from './claim.ts';
import { dropEntries, pruneEntries, type EvictedCheckpoint, type EvictionLimits } from './evict.ts';
import { checkpointLayout } from './layout.ts';
import type { CheckpointDraft } from './manifest.ts';
import { publishEntry, type PublishOutcome } from './publish.ts';
import { findEntry, listEntries, readChain, type CheckpointEntry } from './read-entries.ts';
import { makeStagingFolder, sweepStaging } from './staging.ts';
import { verifyClaim, type Verdict } from './verify.ts';

/** Entries that nobody used for this long go, however much room there is. */
export const DEFAULT_MAX_IDLE_MS = 30 * 24 * 3_600_000;

export interface CheckpointStoreOptions {
  readonly home: Home;
  /** Owns the files; machines run as this user. */
  readonly user: BuildUser;
  /** See `cacheLimitBytes`. */
  readonly limitBytes: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A folder to write a checkpoint into. It goes with its holder, and with its process even after `kill -9`. */
export interface StagedCheckpoint extends AsyncDisposable {
  /**
   * Belongs to the build user. Its files become the entry's; publishing changes their owner and mode, so they must
   * not be links to files of somebody else.
   */
  readonly folder: string;
  /** The id that the entry will have: with its key, the `parent` of what is built on top. */
  readonly id: string;
}

interface Abortable {
  readonly signal: AbortSignal;
}

export interface CheckpointStore {
  /** @throws GoldsmithError `Cancelled`. */
  stage(options: Abortable): Promise<StagedCheckpoint>;
  /**
   * Makes an entry of a staging folder, whose plain files are all taken, then prunes to the limits of the store. An
   * entry of the same key is replaced, together with all that lies on it, unless it was created later than
   * `keepFromMs` (default: than this one). A build that says when it looked for checkpoints leaves those alone that
   * another build has made meanwhile. In every case the staging folder is used up.
   * @throws GoldsmithError `Internal` for a folder with anything but plain files; `Cancelled`.
   */
  publish(
    staged: StagedCheckpoint,
    draft: CheckpointDraft,
    options: Abortable & { readonly keepFromMs?: number },
  ): Promise<PublishOutcome>;
  /** The entry called `key`, if it and everything it lies on is there. Sizes are looked at, bytes are not. */
  find(key: string): Promise<CheckpointEntry | undefined>;
  /** Every whole entry, oldest first. */
  list(): Promise<readonly CheckpointEntry[]>;
  /** The entry and all it lies on, base-most first; undefined when something of that has gone meanwhile. */
  chain(entry: CheckpointEntry): Promise<readonly CheckpointEntry[] | undefined>;
  /**
   * Links the named files of an entry, and the disk layers of it and of all it lies on, into `folder` (made when
   * missing; one claim a folder). Copies when the file system cannot link. Nothing that happens in the store
   * afterwards touches them; the bytes are shared with the store, so they must never be written to.
   * @returns undefined when the entry has just gone.
   * @throws GoldsmithError `CommandFailed` when a copy finds no room; `Cancelled`.
   */
  claim(
    entry: CheckpointEntry,
    folder: string,
    options: Abortable & { readonly files: readonly string[] },
  ): Promise<ClaimedCheckpoint | undefined>;
  /** Reads all that was claimed. What is not as it was published leaves the store, with all that lies on it. */
  verify(claimed: ClaimedCheckpoint, options: Abortable): Promise<Verdict>;
  /** Removes the entry called `key` and everything on top of it. */
  drop(key: string, options: Abortable): Promise<readonly EvictedCheckpoint[]>;
  /** Removes what is damaged, too old or too much; limits that are not given are those of the store. */
  prune(options: Abortable & Partial<EvictionLimits>): Promise<readonly EvictedCheckpoint[]>;
}

/** Opens the store of `home`; nothing is made or read before it is needed. */
export function openCheckpointStore(options: CheckpointStoreOptions): CheckpointStore {
  const { home, user, limitBytes, now } = options;
  const layout = checkpointLayout(home);
  const limits: EvictionLimits = { limitBytes, maxIdleMs: DEFAULT_MAX_IDLE_MS };
  return {
    stage: async ({ signal }) => {
      await sweepStaging(layout, signal);
      const id = randomUUID();
      const folder = makeStagingFolder(layout, user, id);
      const remove = async (): Promise<void> => rm(folder, { recursive: true, force: true });
      return { folder, id, [Symbol.asyncDispose]: remove };
    },
    publish: async ({ folder, id }, draft, { signal, keepFromMs = draft.createdAtMs }) =>
      publishEntry({ layout, user, folder, id, draft, keepFromMs, signal, ...limits, nowMs: now() }),
    find: async (key) => findEntry(layout, key, now()),
    list: async () => listEntries(layout, now()),
    chain: async (entry) => readChain(layout, entry, now()),
    claim: async (entry, folder, { files, signal }) =>
      claimEntry({ layout, user, entry, folder, files, signal, nowMs: now() }),
    verify: async (claimed, { signal }) => verifyClaim(layout, claimed, { signal, nowMs: now() }),
    drop: async (key, { signal }) => dropEntries(layout, { key }, { signal, nowMs: now() }),
    prune: async ({ signal, ...wishes }) =>
      pruneEntries(layout, { ...limits, ...wishes, signal, nowMs: now() }),
  };
}
