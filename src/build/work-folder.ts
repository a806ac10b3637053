/** Where machines keep their files, and their processes: in the journal of the run before they exist. */
import { mkdirSync } from 'node:fs';
import { giveToBuildUser, type BuildUser } from '../host/build-user.ts';
import type { Journal } from '../host/journal/journal.ts';

/** Makes the folder that goes with the run; it belongs to the build user. */
export function makeWorkFolder(path: string, user: BuildUser, journal: Journal): void {
  journal.record({ kind: 'folder', path });
  mkdirSync(path, { mode: 0o750 });
  giveToBuildUser(user, path);
}

/** What a hypervisor is to tell of each process before anything else happens with it. */
export function processRecorder(journal: Journal): (pid: number, name: string) => void {
  return (pid, name) => journal.started(journal.record({ kind: 'process', name }), pid);
}
