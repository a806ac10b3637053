/** The folder of one run: `runs/<id>/`. What ends with the run is under `work/`; the rest is its record. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from '../host/home.ts';

export interface RunFolder {
  readonly root: string;
  /** The run record, rewritten whole at every change of state. */
  readonly record: string;
  readonly customizationLog: string;
  readonly validationLog: string;
  /** What the build VM's serial console showed, kept when a run fails. */
  readonly consoleLog: string;
  /** Disks, seeds and firmware variables of running machines; gone when the run ends. */
  readonly work: string;
  /** A machine frozen at its failing step, when the template asked to keep it. */
  readonly kept: string;
}

export function runFolder(home: Home, runId: string): RunFolder {
  const root = join(home.runs, runId);
  return {
    root,
    record: join(root, 'run.json'),
    customizationLog: join(root, 'customization.log'),
    validationLog: join(root, 'validation.log'),
    consoleLog: join(root, 'console.log'),
    work: join(root, 'work'),
    kept: join(root, 'kept'),
  };
}

/** Makes the folder of a run unless it is there; work files are for this user (and the build user) only. */
export function makeRunFolder(home: Home, runId: string): RunFolder {
  const folder = runFolder(home, runId);
  mkdirSync(folder.root, { recursive: true, mode: 0o755 });
  return folder;
}
