/**
 * What an earlier attempt at a run has left on this machine, and the end of its processes. Whoever calls this
 * holds the run, so that a process which still works at it has lost it and may be ended.
 */
import { existsSync } from 'node:fs';
import * as z from 'zod';
import { runFolder } from '../../build/run-folder.ts';
import { readJsonIfExists } from '../../host/atomic-file.ts';
import type { Home } from '../../host/home.ts';
import { readOwner } from '../../host/journal/journal.ts';
import { lockPath, takeLock } from '../../host/journal/locks.ts';
import { isAlive } from '../../host/journal/process-identity.ts';
import { CUT_OFF_MESSAGE, reapAbandoned } from '../../host/journal/reaper.ts';
import { openImageStore } from '../../images/store/image-store.ts';
import type { GalleryVersionRecord, ManagedImageRecord } from '../../images/store/records.ts';
import type { Artifact, RunRecord } from '../../model/run.ts';

export type EarlierAttempt =
  /** Nothing of the run was ever on this machine. */
  | { readonly kind: 'none' }
  /** The engine came to its end by itself; its results may not have been handed on. */
  | { readonly kind: 'finished'; readonly record: RunRecord }
  /** It was cut off. `published`: images that are in the image store for good. */
  | {
      readonly kind: 'cut-off';
      readonly record: RunRecord | undefined;
      readonly published: readonly Artifact[];
    };

const recordSchema = z.looseObject({ state: z.string() });

/** @throws GoldsmithError `Cancelled`, or `Internal` when what was left cannot be cleared away. */
export async function clearEarlierAttempt(
  home: Home,
  runId: string,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<EarlierAttempt> {
  const folder = runFolder(home, runId);
  const owner = readOwner(folder.root);
  if (!existsSync(folder.root) || owner === undefined) return { kind: 'none' };
  if (owner.state === 'active' && isAlive(owner.owner)) {
    onLine(`Ending process ${owner.owner.pid}, which lost the run`);
    await endByIdentity(owner.owner.pid, () => isAlive(owner.owner), signal);
  }
  const record = readRecord(folder.record); // before the reaper writes how it ended
  await reap(home, folder.root, signal, onLine);
  if (record !== undefined && isFinished(record)) return { kind: 'finished', record };
  return { kind: 'cut-off', record, published: await publishedBy(home, runId) };
}

/** A run is stopped for good by its cancellation, which is the caller's to know, and not by its engine's. */
function isFinished({ state, error }: RunRecord): boolean {
  return ['Succeeded', 'PartiallySucceeded', 'Failed'].includes(state) && error?.message !== CUT_OFF_MESSAGE;
}

async function endByIdentity(pid: number, isThere: () => boolean, signal: AbortSignal): Promise<void> {
  // A process that is no child of ours tells nobody when it ends: pidfd_open(2), which would, cannot be had in
  // Node.js, and /proc has no events. SIGKILL takes a moment of the kernel's, so a few looks are enough.
  for (let attempt = 0; attempt < 50 && isThere(); attempt += 1) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      return; // it ended by itself
    }
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Another process may be reaping, and stop before this run: then it is our turn again. */
async function reap(
  home: Home,
  runDir: string,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<void> {
  for (let turn = 0; turn < 5 && readOwner(runDir)?.state === 'active'; turn += 1) {
    {
      await using _turn = await takeLock(lockPath(home, 'reaper'), {
        signal,
        purpose: 'waiting to clean up',
      });
    }
    await reapAbandoned(home, { signal, onLine });
  }
}

function readRecord(path: string): RunRecord | undefined {
  try {
    const json = readJsonIfExists(path);
    // written whole by this program's engine
    return recordSchema.safeParse(json).success ? JSON.parse(JSON.stringify(json)) : undefined;
  } catch {
    return undefined;
  }
}

/** Images of the run, whether or not it lived long enough to note them. */
async function publishedBy(home: Home, runId: string): Promise<readonly Artifact[]> {
  using store = openImageStore(home);
  const images = store
    .list()
    .filter((image) => image.kind !== 'PlatformImage')
    .filter((image) => image.origin.runId === runId);
  return await Promise.all(images.map(async (image) => artifactOf(image, await store.open(image))));
}

function artifactOf(
  image: ManagedImageRecord | GalleryVersionRecord,
  facts: Pick<Artifact, 'path' | 'virtualSizeBytes' | 'allocatedSizeBytes' | 'digest'>,
): Artifact {
  const { path, virtualSizeBytes, allocatedSizeBytes, digest } = facts;
  return {
    runOutputName: image.origin.runOutputName ?? '',
    kind: image.kind === 'ManagedImage' ? 'ManagedImage' : 'SharedImage',
    artifactId: image.id,
    format: 'raw',
    ...{ path, virtualSizeBytes, allocatedSizeBytes, digest },
    tags: image.tags,
  };
}
