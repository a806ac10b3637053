/**
 * Where checkpoints are: `<home>/cache/checkpoints/`.
 *
 *     entries/<key>/{manifest.json,used,disk.qcow2,memory,state,…}   whole, or not there
 *     staging/<owner>~<uuid>/                                        under construction, or on its way out
 *
 * Entries hold a machine's memory, and with it secrets: only the user who builds can look in. Started as root, the
 * build user (who runs the machines) owns the files but not the folder of an entry, so a machine that breaks out
 * can neither swap files nor rewrite their digests.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from '../../host/home.ts';
import { lockPath } from '../../host/journal/locks.ts';

/** Name of the folder below `home.cache`. */
export const CHECKPOINTS_FOLDER = 'checkpoints';

export interface CheckpointLayout {
  readonly root: string;
  readonly entries: string;
  readonly staging: string;
  /** Taken around every change of `entries`; readers take none. */
  readonly lock: string;
}

/** Paths only; nothing is made. */
export function checkpointLayout(home: Home): CheckpointLayout {
  const root = join(home.cache, CHECKPOINTS_FOLDER);
  return {
    root,
    entries: join(root, 'entries'),
    staging: join(root, 'staging'),
    lock: lockPath(home, CHECKPOINTS_FOLDER),
  };
}

/** Makes what is missing. Called before each write, because everything here may be deleted at any time. */
export function makeLayout(layout: CheckpointLayout): void {
  mkdirSync(layout.root, { recursive: true, mode: 0o711 }); // the build user has to get to its staging folder
  mkdirSync(layout.entries, { recursive: true, mode: 0o700 });
  mkdirSync(layout.staging, { recursive: true, mode: 0o711 });
}
