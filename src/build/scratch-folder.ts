/** A work folder for machines outside a build: gone with its holder, and by the journal even after `kill -9`. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildUser } from '../host/build-user.ts';
import type { Home } from '../host/home.ts';
import { openJournal } from '../host/journal/journal.ts';
import { makeWorkFolder, processRecorder } from './work-folder.ts';

export interface ScratchFolder extends AsyncDisposable {
  /** Belongs to the build user. */
  readonly workDir: string;
  /** To be told each process before anything else happens with it. */
  readonly onProcess: (pid: number, name: string) => void;
}

export function openScratchFolder(home: Home, user: BuildUser): ScratchFolder {
  const root = join(home.runs, `boot-${randomUUID()}`);
  const journal = openJournal(root);
  const workDir = join(root, 'work');
  makeWorkFolder(workDir, user, journal);
  return {
    workDir,
    onProcess: processRecorder(journal),
    [Symbol.asyncDispose]: async () => {
      journal.close('ended');
      await rm(root, { recursive: true, force: true });
    },
  };
}
