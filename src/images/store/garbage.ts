/** Gives back the space of content that no name points to and nobody uses. */
import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hasCode } from './record-files.ts';
import { endDeadSessions, namesIn, heldDigests, type Session } from './session.ts';
import type { StoreLayout } from './layout.ts';

export interface GarbageReport {
  /** Digests whose bytes were deleted. */
  readonly removed: readonly string[];
  readonly freedBytes: number;
}

/**
 * Deletes unreferenced content and what dead processes left. Safe beside builds and publishes of other
 * processes: a blob is put aside first, looked for in names and holds once more, and only then deleted;
 * who holds a blob before looking at it either finds it or knows that it is gone.
 * @param referenced digests (hex) that names point to, read afresh at every call.
 */
export function collectGarbage(
  layout: StoreLayout,
  session: Session,
  referenced: () => ReadonlySet<string>,
): GarbageReport {
  endDeadSessions(layout.sessions, (trashed, hex) => putBack(trashed, join(layout.blobs, hex)));
  const inUse = (): ReadonlySet<string> => referenced().union(heldDigests(layout.sessions));
  const removed: string[] = [];
  let freedBytes = 0;
  const used = inUse();
  for (const hex of namesIn(layout.blobs).filter((name) => !used.has(name))) {
    const blob = join(layout.blobs, hex);
    const trash = session.trashPath(hex);
    if (!moveIfThere(blob, trash)) continue;
    if (inUse().has(hex)) {
      putBack(trash, blob);
      continue;
    }
    freedBytes += allocatedBytes(join(trash, 'disk.raw'));
    rmSync(trash, { recursive: true, force: true });
    removed.push(`gs1-sha256:${hex}`);
  }
  return { removed, freedBytes };
}

/** Back to its place, unless the same content was added anew meanwhile. */
function putBack(trashed: string, blob: string): void {
  mkdirSync(dirname(blob), { recursive: true });
  try {
    renameSync(trashed, blob);
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    rmSync(trashed, { recursive: true, force: true });
  }
}

function moveIfThere(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false; // somebody else collects too
    throw error;
  }
}

function allocatedBytes(path: string): number {
  return (statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
}
